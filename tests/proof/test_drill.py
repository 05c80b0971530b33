"""The drill restores for real: on its own people, on the site's backup, and it tells when a restore goes wrong."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from vasistas.guard.backups import databases
from vasistas.guard.conformance import operations, registry
from vasistas.guard.conformance.models import Evidence
from vasistas.guard.conformance.registry import NotProven
from vasistas.guard.conformance.report import Seen, State
from vasistas.proof import drill

CLI = "from vasistas.config.cli import main; main()"
SITE = """
import django; django.setup()
from vasistas.config.commands import prove
from vasistas.guard.purposes import processing
from vasistas.proof import scene
prove.migrate()
with processing("maintain", reason="a test"):
    print(scene.arrive("Vi").subject_id, scene.arrive("Max").subject_id)
"""
ERASE = """
import sys, django; django.setup()
from django.utils import timezone
from vasistas.apps.privacy import operations
operations.erase(subject_id=int(sys.argv[1]), at=timezone.now())
"""
KEPT = """
import django; django.setup()
from vasistas.guard.conformance.models import Evidence
print(*Evidence.objects.filter(sort="drill").order_by("pk").values_list("key", "result"))
"""
NOW = timezone.now()
CHECK = "backups.restore_replays_erasures"


@pytest.fixture
def site(tmp_path: Path, db: None) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A folder and the environment that names it, with databases of its own on the engine of the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}
    data, keys = (databases.url_of(connections[alias].settings_dict) for alias in ("default", "keys"))
    with databases.scratch(data) as data_url, databases.scratch(keys) as keys_url:
        yield (
            tmp_path / "site",
            {
                **kept,
                "VASISTAS_DATA": str(tmp_path / "site"),
                "VASISTAS_DATABASE_URL": data_url,
                "VASISTAS_KEYS_DATABASE_URL": keys_url,
                "DJANGO_SETTINGS_MODULE": "vasistas.config.settings",
            },
        )


def run(environment: Mapping[str, str], code: str, *words: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(line, env=dict(environment), capture_output=True, text=True, check=False)


def good(environment: Mapping[str, str], code: str, *words: object) -> str:
    done = run(environment, code, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_the_drill_holds_on_its_own_people_and_on_older_and_fresh_backups_of_a_site(site, tmp_path: Path):
    data, environment = site
    vi, _max = good(environment, SITE).split()
    key, out = tmp_path / "backup.key", tmp_path / "out"
    good(environment, CLI, "backup", "--new-key", key)
    good(environment, CLI, "backup", "--out", out, "--key", key)
    good(environment, CLI, "backup", "--keys", "--out", out, "--key", key)
    good(environment, ERASE, vi)  # after the backup: the drill must erase again
    before = files(data)
    [made], [keys] = out.glob("data-*"), out.glob("keys-*")

    fresh = json.loads(good(environment, CLI, "drill", "--own", "--json"))
    older = json.loads(good(environment, CLI, "drill", "--backup", made, "--keys", keys, "--key", key, "--json"))

    for said in (fresh, older):
        assert {name: one["state"] for name, one in said.items()} == {drill.REHEARSAL: "HOLDS", drill.OWN: "HOLDS"}
        assert said[drill.REHEARSAL]["counts"]["counted"] > 100  # the fields of two people
        assert {"backup", "erase", "restore", "does it open", "replay", "look"} <= set(
            said[drill.REHEARSAL]["steps_ms"]
        )
        assert said[drill.OWN]["counts"]["counted"] > 2
    assert files(data) == before
    assert good(environment, KEPT).count("'HOLDS'") == 4

    other = tmp_path / "other.key"
    good(environment, CLI, "backup", "--new-key", other)
    refused = run(environment, CLI, "drill", "--backup", made, "--keys", keys, "--key", other)

    assert (refused.returncode, refused.stderr) == (1, "")
    assert "backups.own: UNPROVEN, 0 looked at. restore: vasistas: The backup key is not the one" in refused.stdout
    assert files(data) == before


def test_a_drill_without_a_site_or_with_half_a_backup_is_refused_in_one_line(tmp_path: Path):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    none = run(environment, CLI, "drill", "--data", tmp_path / "none")
    half = run(environment, CLI, "drill", "--data", tmp_path / "none", "--backup", tmp_path / "data.backup")

    assert (none.returncode, none.stderr.startswith("vasistas: There is no site yet")) == (1, True)
    assert (half.returncode, half.stderr.startswith("vasistas: To try a backup, give --backup, --keys")) == (1, True)


@pytest.mark.django_db(transaction=True)
def test_a_restore_that_skips_the_replay_is_found_out():
    outcome = drill.rehearse(restore=lambda _site, _folder: None)

    assert outcome.state is State.VIOLATED
    assert "restore.still_readable: accounts.Member.display_name" in outcome.wrong
    assert "restore.rows_left: chat.Message" in outcome.wrong
    assert "restore.not_erased" in outcome.wrong


@pytest.mark.django_db(transaction=True)
def test_a_restored_site_that_opens_before_the_replay_is_found_out(monkeypatch: pytest.MonkeyPatch):
    unpack = drill._unpack

    def unmarked(old: Any, new: Any, out: Path, key: Path) -> None:
        unpack(old, new, out, key)
        (new.data / "journal" / "restored").unlink()

    monkeypatch.setattr(drill, "_unpack", unmarked)

    assert drill.rehearse().wrong == ["restore.opens_before_replay"]


@pytest.mark.skipif("connections['default'].vendor != 'sqlite'", reason="it spoils the file")
@pytest.mark.django_db(transaction=True)
def test_a_restore_that_loses_somebody_who_stays_is_found_out():
    def losing(site: Any, folder: Path) -> None:
        drill.restored(site, folder)
        with closing(sqlite3.connect(site.data / "site.sqlite3")) as database, database:
            database.execute("DELETE FROM chat_message")

    outcome = drill.rehearse(restore=losing)

    assert outcome.state is State.VIOLATED
    assert "restore.lost: chat.Message.text" in outcome.wrong
    assert {one.rpartition(".")[0] for one in outcome.wrong} == {"restore.lost: chat.Message"}


def keep(key: str, state: State, age: timedelta) -> None:
    operations.keep_drill(key, Seen(state, NOW - age, 9, {"counted": 7, "violations": state is State.VIOLATED}, "so"))


@pytest.mark.django_db
def test_the_check_reads_the_last_drill_and_proves_nothing_by_an_old_one():
    look = registry.checks()[CHECK].look
    keep(drill.REHEARSAL, State.HOLDS, timedelta(days=1))
    assert (look(NOW).ok, look(NOW).counted) == (True, 7)

    with pytest.raises(NotProven, match="The last drill was 3 days ago"):
        look(NOW + timedelta(days=2))
    keep(drill.REHEARSAL, State.UNPROVEN, timedelta(hours=1))
    with pytest.raises(NotProven, match="so"):
        look(NOW)
    keep(drill.REHEARSAL, State.VIOLATED, timedelta(minutes=1))
    assert not look(NOW + timedelta(days=30)).ok  # a violation heals by no time
    keep(drill.REHEARSAL, State.HOLDS, timedelta(0))
    assert look(NOW).ok
    keep(drill.OWN, State.VIOLATED, timedelta(0))
    assert not look(NOW).ok


@pytest.mark.django_db(transaction=True)
def test_the_worker_drills_once_a_day():
    drill.drill_when_due(NOW)
    drill.drill_when_due(NOW + timedelta(hours=23))

    assert list(Evidence.objects.values_list("sort", "key", "result")) == [("drill", drill.REHEARSAL, "HOLDS")]
    assert [path.name for path in Path(connections["keys"].settings_dict["NAME"]).parent.glob(".drill-*")] == []
