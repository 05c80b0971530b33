"""The root key as a file: made once, refused when it is unsafe, damaged, missing or another's."""

import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from vasistas.guard import keyring
from vasistas.guard.keyring import RootKeyFault
from vasistas.guard.keyring.errors import RootKeyWrong
from vasistas.guard.keyring.models import DataKey, SiteKey
from vasistas.guard.keyring.root import root_key
from vasistas.guard.keyring.root_file import RootKeyFile

CONTEXT = b"row 1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "root.key"


@pytest.fixture
def root(path: Path) -> RootKeyFile:
    made = RootKeyFile(path)
    made.make()
    return made


def test_it_is_made_for_this_account_alone(root: RootKeyFile, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["root.key"]


def test_making_it_again_changes_nothing(root: RootKeyFile, path: Path) -> None:
    before = path.read_bytes()
    RootKeyFile(path).make()
    assert path.read_bytes() == before


def test_it_opens_what_it_wrapped_in_its_context_alone(root: RootKeyFile) -> None:
    wrapped = root.wrap(b"a key", CONTEXT)
    assert root.unwrap([wrapped]) == [b"a key"]
    for broken in (
        wrapped._replace(context=b"row 2"),
        wrapped._replace(blob=wrapped.blob[:-1]),
        wrapped._replace(blob=b""),
        wrapped._replace(blob=bytes([wrapped.blob[0] ^ 1]) + wrapped.blob[1:]),
    ):
        with pytest.raises(RootKeyWrong):
            root.unwrap([broken])


def test_a_new_version_wraps_and_the_old_one_still_opens(root: RootKeyFile, path: Path) -> None:
    old = root.wrap(b"a key", CONTEXT)
    assert root.rotate() == 2
    elsewhere = RootKeyFile(path)
    assert elsewhere.unwrap([old]) == [b"a key"]
    (new,) = elsewhere.rewrap([old])
    assert (new.version, root.unwrap([new])) == (2, [b"a key"])
    assert root.retire(frozenset({1, 2})) == []
    assert root.retire(frozenset({2})) == [1]
    assert elsewhere.versions() == [2]
    assert not elsewhere.still_opens(1)
    with pytest.raises(RootKeyFault, match="has no version 1"):
        elsewhere.unwrap([old])
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_it_is_refused_when_others_can_reach_it_also_while_the_site_runs(
    root: RootKeyFile, path: Path, mode: int
) -> None:
    root.wrap(b"a key", CONTEXT)
    path.chmod(mode)
    with pytest.raises(RootKeyFault, match=rf"can be read by others \(mode {mode:04o}\)\. Run: chmod 600 .*root\.key"):
        root.wrap(b"a key", CONTEXT)
    path.chmod(0o600)
    root.wrap(b"a key", CONTEXT)


def test_it_is_refused_when_it_belongs_to_another_account(
    root: RootKeyFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(RootKeyFault, match=r"belongs to another account \(uid \d+\)\. Run: chown"):
        root.versions()


def test_it_is_refused_as_a_link_or_a_folder(root: RootKeyFile, path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(RootKeyFault, match="is no plain file"):
        root.versions()
    path.unlink()
    path.mkdir()
    with pytest.raises(RootKeyFault, match="is no plain file"):
        root.versions()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"format": 1, "versions": {}}',
        '{"format": 2, "versions": {"1": "%s"}}' % ("A" * 43 + "="),
        '{"format": 1, "versions": {"1": "dG9vIHNob3J0"}}',
        '{"format": 1, "versions": {"one": "%s"}}' % ("A" * 43 + "="),
        '{"format": 1, "versions": {"1": "%s"}}' % ("!" * 44),
    ],
)
def test_a_damaged_file_is_refused_and_left_as_it_is(root: RootKeyFile, path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(RootKeyFault, match="is damaged"):
        root.wrap(b"a key", CONTEXT)
    with pytest.raises(RootKeyFault, match="is damaged"):
        root.rotate()
    assert path.read_text() == content


def test_a_folder_that_cannot_be_written_is_told(path: Path) -> None:
    path.parent.write_text("a file where the folder should be")
    with pytest.raises(RootKeyFault, match="cannot be written"):
        RootKeyFile(path).make()


def test_the_address_chooses_the_adapter(tmp_path: Path) -> None:
    assert root_key("file:", data=tmp_path).where == str(tmp_path / "keys" / "root.key")
    assert root_key("file:/etc/site.key", data=tmp_path).where == "/etc/site.key"
    for unlike in ("kms:anything", "file:relative/root.key", ""):
        with pytest.raises(RootKeyFault, match="set it to file:, file:/path or vault:https://"):
            root_key(unlike, data=tmp_path)


# -- Beside a key store ------------------------------------------------------------------------------------------------


def use(settings: Any, path: Path) -> None:
    settings.ROOT_KEY = f"file:{path}"
    keyring.forget_cached()


def rows() -> list[Any]:
    return [*DataKey.objects.order_by("pk").values(), *SiteKey.objects.order_by("pk").values()]


@pytest.mark.django_db
def test_another_root_key_is_told_at_once_and_nothing_is_written(settings: Any, path: Path, tmp_path: Path) -> None:
    use(settings, path)
    keyring.data_key(uuid4(), "identity")
    before, other = rows(), tmp_path / "other.key"
    RootKeyFile(other).make()
    held = other.read_bytes()

    use(settings, other)

    for act in (
        keyring.open_store,
        lambda: keyring.data_key(uuid4(), "identity"),
        lambda: keyring.site_key("sessions"),
        lambda: keyring.blind("blind.login", "vi@example.org"),
    ):
        with pytest.raises(RootKeyFault, match=r"The root key in .*other\.key does not open this key store"):
            act()
    assert rows() == before
    assert other.read_bytes() == held


@pytest.mark.django_db
def test_a_missing_root_key_is_never_replaced_by_a_new_one(settings: Any, path: Path) -> None:
    use(settings, path)
    keyring.data_key(uuid4(), "identity")
    before = rows()
    path.unlink()
    keyring.forget_cached()
    with pytest.raises(RootKeyFault, match=r"root\.key is missing, and this key store needs it"):
        keyring.open_store()
    assert not path.exists()
    assert rows() == before


@pytest.mark.django_db
def test_a_key_store_without_its_known_answer_is_refused(settings: Any, path: Path) -> None:
    use(settings, path)
    keyring.data_key(uuid4(), "identity")
    SiteKey.objects.all().delete()
    keyring.forget_cached()
    with pytest.raises(RootKeyFault, match="not the known answer"):
        keyring.open_store()
    assert not SiteKey.objects.exists()


@pytest.mark.django_db
def test_an_empty_key_store_takes_a_root_key_that_was_put_there(settings: Any, path: Path) -> None:
    RootKeyFile(path).make()
    held = path.read_bytes()
    use(settings, path)
    key = keyring.data_key(uuid4(), "identity")
    assert path.read_bytes() == held
    assert list(json.loads(held)["versions"]) == ["1"]
    keyring.forget_cached()
    assert keyring.key_of(key.id).secret == key.secret
