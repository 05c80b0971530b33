"""Changing the root key: every key wrapped anew once, also when the run is killed in the middle."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from vasistas.guard import keyring
from vasistas.guard.keyring import RootKeyFault, ring, rotation
from vasistas.guard.keyring.models import DataKey, SiteKey
from vasistas.guard.keyring.root_file import RootKeyFile

COUNT = 7


@pytest.fixture
def path(settings: Any, tmp_path: Path) -> Path:
    own = tmp_path / "own" / "root.key"
    settings.ROOT_KEY = f"file:{own}"
    keyring.forget_cached()
    return own


def make_keys(count: int = COUNT) -> list[keyring.DataKey]:
    keyring.site_key("sessions")
    return [keyring.data_key(uuid4(), "identity") for _ in range(count)]


def assert_open(keys: list[keyring.DataKey]) -> None:
    keyring.forget_cached()
    assert [keyring.key_of(key.id).secret for key in keys] == [key.secret for key in keys]


@pytest.mark.django_db
@pytest.mark.parametrize("batch", [1, 3, 500])
def test_every_key_is_wrapped_anew_and_the_old_version_retired(path: Path, batch: int) -> None:
    keys = make_keys()
    site = keyring.site_key("sessions")
    gone = uuid4()
    keyring.data_key(gone, "identity")
    keyring.destroy(gone)

    done = rotation.rotate(batch=batch)

    assert done == rotation.Rotated(to=2, is_new=True, rewrapped=COUNT + 2, retired=[1])  # and sessions, known.answer
    assert rotation.status() == rotation.Status(str(path), [2], {2: COUNT + 2}, destroyed=4)
    assert rotation.check() == rotation.Checked(opened={2: COUNT + 2}, broken={})
    assert_open(keys)
    assert keyring.site_key("sessions") == site
    with pytest.raises(keyring.KeyDestroyed):
        keyring.data_key(gone, "identity")


@pytest.mark.django_db
def test_a_key_under_way_is_finished_before_another_version_is_added(path: Path) -> None:
    keys = make_keys()
    RootKeyFile(path).rotate()
    assert rotation.status().behind == COUNT + 2
    assert rotation.rotate() == rotation.Rotated(to=2, is_new=False, rewrapped=COUNT + 2, retired=[1])
    assert rotation.rotate().to == 3
    assert_open(keys)


@pytest.mark.django_db
def test_a_key_made_under_the_old_version_meanwhile_is_not_lost(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = make_keys()
    rewrap, late = rotation._rewrap, []

    def slow(root: Any, rows: Any) -> int:
        if not late:  # another process, which has not seen the new version yet
            old = RootKeyFile(path)
            monkeypatch.setattr(old, "wrap", lambda plain, context: wrap_old(old, plain, context))
            monkeypatch.setattr(ring, "_root", old)
            late.append(keyring.data_key(uuid4(), "media"))
            monkeypatch.setattr(ring, "_root", root)
        return rewrap(root, rows)

    def wrap_old(old: RootKeyFile, plain: bytes, context: bytes) -> Any:
        nonce = os.urandom(12)
        return rotation.store.Wrapped(1, nonce + old._keys()[1].encrypt(nonce, plain, context), context)

    monkeypatch.setattr(rotation, "_rewrap", slow)
    assert rotation.rotate(batch=2).retired == [1]
    assert_open([*keys, *late])


@pytest.mark.django_db
def test_a_key_wrapped_by_a_version_retired_meanwhile_is_wrapped_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_keys(1)
    root: Any = keyring.open_store()
    wrap, rotated = root.wrap, []

    def interrupted(plain: bytes, context: bytes) -> Any:
        wrapped = wrap(plain, context)
        if not rotated:
            rotated.append(True)
            rotation.rotate()
        return wrapped

    monkeypatch.setattr(root, "wrap", interrupted)
    made = keyring.data_key(uuid4(), "identity")
    assert rotation.status().rows == {2: 4}
    assert_open([made])


@pytest.mark.django_db
def test_a_key_destroyed_meanwhile_stays_destroyed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = uuid4()
    key = keyring.data_key(handle, "identity")
    root: Any = keyring.open_store()
    rewrap = root.rewrap
    monkeypatch.setattr(root, "rewrap", lambda wrapped: (keyring.destroy(handle) and None) or rewrap(wrapped))
    rotation.rotate()
    keyring.forget_cached()
    assert bytes(DataKey.objects.get(pk=UUID(bytes=key.id)).wrapped) == b""


@pytest.mark.django_db
def test_a_broken_key_stops_the_rotation_and_nothing_is_lost(path: Path) -> None:
    keys = make_keys()
    broken = DataKey.objects.order_by("pk").last()
    assert broken is not None
    DataKey.objects.filter(pk=broken.pk).update(wrapped=b"x" * 60)

    with pytest.raises(RootKeyFault, match="the row is broken"):
        rotation.rotate(batch=2)

    assert RootKeyFile(path).versions() == [1, 2]
    assert rotation.check().broken == {1: 1}
    assert_open([key for key in keys if key.id != broken.pk.bytes])


# -- The command, and its death ---------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
import django; django.setup()
from vasistas.guard.keyring import rotation
done, rewrap = 0, rotation._rewrap
def dies(root, rows):
    global done
    if done >= int(os.environ["BATCHES"]):
        os.kill(os.getpid(), signal.SIGKILL)
    done += 1
    return rewrap(root, rows)
rotation._rewrap = dies
from vasistas.config import cli
cli.main(["keys", "rotate", "--batch", "2", "--yes"])
"""
FILL = """
from uuid import uuid4
import django; django.setup()
from django.core.management import call_command
from vasistas.guard import keyring
call_command("migrate", "keyring", database="keys", verbosity=0)
print("\\n".join(key.id.hex() + key.secret.hex() for key in (keyring.data_key(uuid4(), "identity") for _ in range(9))))
"""
SHOW = """
import sys
import django; django.setup()
from vasistas.guard import keyring
print("\\n".join(key.id.hex() + key.secret.hex() for key in (keyring.key_of(bytes.fromhex(id)) for id in sys.argv[1:])))
"""


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}
    return {**kept, "VASISTAS_DATA": str(tmp_path / "site"), "DJANGO_SETTINGS_MODULE": "vasistas.config.settings"}


def python(code: str, site: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=site, capture_output=True, text=True, check=False
    )


def keys(site: dict[str, str], *words: str) -> tuple[int, list[str], str]:
    code = "import sys; from vasistas.config import cli; cli.main(sys.argv[1:])"
    done = python(code, site, "keys", *words)
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_a_rotation_killed_in_the_middle_is_finished_by_running_it_again(site: dict[str, str]) -> None:
    made = python(FILL, site)
    assert made.returncode == 0, made.stderr
    ids = [line[:32] for line in made.stdout.splitlines()]

    killed = python(KILLED, {**site, "BATCHES": "3"})

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert python(SHOW, site, *ids).stdout == made.stdout  # the site goes on meanwhile
    assert keys(site, "status")[1][1:] == [
        "version 1: 5 keys",
        "version 2: 5 keys, wraps new keys",  # a batch of one site key, two batches of two
        "destroyed: 0 tombstones",
        "A rotation is under way: 5 keys to go. Run: vasistas keys rotate --yes",
    ]

    assert keys(site, "rotate", "--batch", "2", "--yes") == (
        0,
        ["version 2: 5 keys wrapped anew", "version 1: retired"],
        "",
    )
    assert keys(site, "check") == (0, ["version 2: 10 keys open"], "")
    assert python(SHOW, site, *ids).stdout == made.stdout


def test_the_command_tells_before_it_acts_and_acts_on_yes_alone(site: dict[str, str]) -> None:
    python(FILL, site)
    root = f"{site['VASISTAS_DATA']}/keys/root.key"
    would = [f"Would add a version in {root} and wrap 10 keys anew, 500 at a time."]
    assert keys(site, "rotate", "--dry-run") == (0, would, "")
    assert keys(site, "rotate") == (1, would, "vasistas: Nothing was done. Say --yes to do it.\n")
    assert keys(site, "status") == (
        0,
        [f"root key: {root}", "version 1: 10 keys, wraps new keys", "destroyed: 0 tombstones"],
        "",
    )


def test_the_command_tells_keys_that_do_not_open(site: dict[str, str]) -> None:
    python(FILL, site)
    spoil = "import django; django.setup()\nfrom vasistas.guard.keyring.models import DataKey as D\n"
    python(spoil + "D.objects.filter(pk=D.objects.order_by('pk').first().pk).update(wrapped=b'x' * 60)", site)
    code, lines, told = keys(site, "check")
    assert (code, lines) == (1, ["version 1: 9 keys open"])
    assert told.startswith("vasistas: Keys that do not open: 1 of version 1. See docs/runbooks/")


def test_the_command_without_a_key_store_says_so(site: dict[str, str]) -> None:
    code, _lines, told = keys(site, "status")
    assert code == 1
    assert told.startswith("vasistas: There is no key store yet; `vasistas serve` makes it.")


@pytest.mark.django_db
def test_a_site_key_is_counted_too(path: Path) -> None:
    keyring.site_key("sessions")
    assert set(SiteKey.objects.values_list("pk", flat=True)) == {"known.answer", "sessions"}
    assert rotation.status().rows == {1: 2}
