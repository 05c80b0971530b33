"""The drill: a backup is made, somebody is erased after it, it is restored, and the erasure is repeated.

Each step is the product's own command in a process of its own, as an operator would run it, in folders (and on
PostgreSQL databases) made for it and removed afterwards. Two kinds:

- the rehearsal: with two made-up people of whom every declared field is filled. One is erased, the other must stay.
- the site's own: its newest backup, or a fresh one, is restored beside it. Nothing of the live site is written.

What was found is kept as evidence of the sort `drill`; the check `backups.restore_replays_erasures` reads it.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from vasistas.guard import journal
from vasistas.guard.backups import databases
from vasistas.guard.backups.stream import BackupRefused
from vasistas.guard.conformance import operations, queries
from vasistas.guard.conformance.report import Seen, State
from vasistas.guard.conformance.scratch import INHERITED

REHEARSAL, OWN = "backups.rehearsal", "backups.own"
EVERY = timedelta(days=1)
STEP_S_MAX = 120.0  # of the rehearsal; steps on the site's own data have no limit, they take what its size needs
PREFIX = ".drill-"
FORGOTTEN_S = 86_400  # a folder that old was left by a drill that was killed
NAMED_MAX = 5
COMMAND = [sys.executable, "-c", "from vasistas.config.cli import main; main()"]
PRIVATE = ("keys/root.key", "secrets")  # in no backup: whoever restores brings them
CHUNK_BYTES = 1 << 20


class DrillFailed(Exception):  # noqa: N818 — refusals read as facts
    """A step could not be carried out; the text names the step, and nobody."""


@dataclass
class Outcome:
    """counted: values, rows and keys looked at. wrong: what broke the promise, in names of code. steps: name -> ms."""

    counted: int = 0
    wrong: list[str] = field(default_factory=list)
    steps: dict[str, int] = field(default_factory=dict)
    failed: str = ""

    @property
    def state(self) -> State:
        if self.wrong:
            return State.VIOLATED
        return State.UNPROVEN if self.failed else State.HOLDS

    @property
    def detail(self) -> str:
        named = self.failed if self.failed and not self.wrong else ", ".join(self.wrong[:NAMED_MAX])
        more = len(self.wrong) - NAMED_MAX
        return named + (f" and {more} more" if more > 0 else "")

    def seen(self, now: datetime) -> Seen:
        counts = {"counted": self.counted, "violations": len(self.wrong)}
        return Seen(self.state, now, sum(self.steps.values()), counts, self.detail)


@dataclass(frozen=True)
class Backup:
    """Files of a backup that was made earlier, their key, and the newest journal of erasures."""

    data: Path
    keys: Path
    key: Path


@dataclass(frozen=True)
class _Site:
    """A folder and its databases, and the commands run on it. limit_s: of one command; None: no limit."""

    data: Path
    environment: Mapping[str, str]
    outcome: Outcome
    limit_s: float | None

    def run(self, step: str, *words: str | Path) -> str:
        """Raises: DrillFailed."""
        started = time.monotonic()
        try:
            done = subprocess.run(
                [*_politely(), *COMMAND, *map(str, words)],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self.limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DrillFailed(f"{step}: longer than {self.limit_s:g} s") from None
        finally:
            self.outcome.steps[step] = round((time.monotonic() - started) * 1000)
        if done.returncode:
            raise DrillFailed(f"{step}: {_why(done.stderr)}")
        return done.stdout

    def act(self, step: str, *words: str | Path) -> Any:
        """Run one of the drill's own acts (config/commands/drill.py) and return what it says."""
        said = self.run(step, "drill", "--data", self.data, "--act", *words)
        return json.loads(said.splitlines()[-1])


def _politely() -> list[str]:
    """Behind whatever serves people; the scratch site of the counterexamples is there already."""
    return ["nice"] if os.nice(0) == 0 and shutil.which("nice") else []


def _why(errors: str) -> str:
    """A refusal in our own words, or the kind of an error; its text may name people."""
    lines = errors.strip().splitlines()
    last = lines[-1] if lines else "no reason given"
    return last if last.startswith("vasistas: ") else last.partition(":")[0].rpartition(".")[2]


# -- The rehearsal -----------------------------------------------------------------------------------------------------


def rehearse(*, restore: "Callable[[_Site, Path], None] | None" = None) -> Outcome:
    """Carry out the drill with made-up people. restore: what stands for the restore, in a counterexample."""
    outcome = Outcome()
    try:
        with _folder() as folder, _sites(folder, outcome) as (old, new):
            _rehearse(folder, old, new, restore or restored)
    except (DrillFailed, BackupRefused, OSError) as failure:
        outcome.failed = str(failure) if not isinstance(failure, OSError) else f"{failure.strerror}"
    return outcome


def _rehearse(folder: Path, old: _Site, new: _Site, restore: "Callable[[_Site, Path], None]") -> None:
    outcome = old.outcome
    people = old.act("people arrive", "arrive", folder / "people.json")
    key, out = folder / "backup.key", folder / "out"
    old.run("backup key", "backup", "--new-key", key)
    _back_up(old, out, key)
    old.act("erase", "erase", folder / "people.json")
    outcome.counted = len(people["erased"]) + len(people["staying"])
    if _found(out, [*people["erased"], *people["staying"]]):
        outcome.wrong.append("backup.readable")
    _unpack(old, new, out, key)
    if not _seen_in(new, people["clear"]):
        raise DrillFailed("The restored backup does not hold whom it should; what follows would prove nothing.")
    if new.act("does it open", "open")["opened"]:
        outcome.wrong.append("restore.opens_before_replay")
    restore(new, folder)
    outcome.wrong += [f"restore.still_readable: {name}" for name in _seen_in(new, people["erased"])]
    said = new.act("look", "look", folder / "people.json")
    outcome.wrong += said["wrong"]
    outcome.counted += said["counted"]


def restored(site: _Site, _folder: Path) -> None:
    """The last step of a restore: repeat the erasures."""
    site.run("replay", "restore", "--replay", "--data", site.data)


def _back_up(site: _Site, out: Path, key: Path) -> None:
    site.run("backup", "backup", "--data", site.data, "--out", out / "data", "--key", key)
    site.run("backup of the keys", "backup", "--keys", "--data", site.data, "--out", out / "keys", "--key", key)


def _unpack(old: _Site, new: _Site, out: Path, key: Path) -> None:
    [data], [keys] = ((out / part).glob("*.backup") for part in ("data", "keys"))
    _restore(new, Backup(data, keys, key), old.data)


def _restore(new: _Site, backup: Backup, brought: Path) -> None:
    """Restore both parts, and bring what lies in no backup: the newest journal, the root key, the secrets."""
    newest = journal.path_in(brought)
    lost = ["--journal", newest] if newest.is_file() else ["--journal-lost"]
    new.run("restore", "restore", backup.data, "--data", new.data, "--key", backup.key, *lost)
    new.run("restore of the keys", "restore", backup.keys, "--data", new.data, "--key", backup.key)
    for name in PRIVATE:
        if (brought / name).is_file():
            shutil.copyfile(brought / name, new.data / name)
            (new.data / name).chmod(0o600)


def _seen_in(site: _Site, values: Mapping[str, str]) -> list[str]:
    """Names of the values that stand in the clear in a site's files, or in what its database holds."""
    found = set(_found(site.data, list(values.values())))
    for name in ("VASISTAS_DATABASE_URL", "VASISTAS_KEYS_DATABASE_URL"):
        url = site.environment.get(name, databases.SQLITE)
        if not databases.is_sqlite(url):
            content = databases.contents(url)
            found |= {value for value in values.values() if value.encode() in content}
    return [name for name, value in values.items() if value in found]


def _found(folder: Path, values: list[str]) -> list[str]:
    """The values that stand in files of a folder, pieces overlapping by the longest one."""
    found: set[str] = set()
    wanted = {value: value.encode() for value in values}
    overlap = max(map(len, wanted.values()), default=1)
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        with path.open("rb") as file:
            before = b""
            while piece := file.read(CHUNK_BYTES):
                found |= {value for value, raw in wanted.items() if raw in before + piece}
                before = piece[-overlap:]
    return sorted(found)


# -- The site's own backup ---------------------------------------------------------------------------------------------


def try_own(backup: Backup | None = None) -> Outcome:
    """Restore the site's own backup (None: a fresh one) beside it, replay its journal, and look."""
    outcome, live = Outcome(), Path(settings.DATA)
    try:
        with _folder() as folder, ExitStack() as stack:
            now = _Site(live, os.environ | {"VASISTAS_DATA": str(live)} | _urls(), outcome, None)
            if backup is None:
                key = folder / "backup.key"
                now.run("backup key", "backup", "--new-key", key)
                _back_up(now, folder / "out", key)
                [data], [keys] = ((folder / "out" / part).glob("*.backup") for part in ("data", "keys"))
                backup = Backup(data, keys, key)
            data_folder = folder / "new"
            urls = {name: stack.enter_context(databases.scratch(url)) for name, url in _urls().items()}
            new = _Site(data_folder, os.environ | {"VASISTAS_DATA": str(data_folder)} | urls, outcome, None)
            _restore(new, backup, live)
            restored(new, folder)
            said = new.act("look", "inspect")
            outcome.wrong += said["wrong"]
            outcome.counted = said["counted"]
    except (DrillFailed, BackupRefused, OSError) as failure:
        outcome.failed = str(failure) if not isinstance(failure, OSError) else f"{failure.strerror}"
    return outcome


# -- Folders and databases of a drill ----------------------------------------------------------------------------------


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder of its own within the site's: what is restored never leaves the site's disk."""
    data = Path(settings.DATA)
    for left in data.glob(f"{PREFIX}*"):
        if time.time() - left.stat().st_mtime > FORGOTTEN_S:
            shutil.rmtree(left, ignore_errors=True)
    folder = data / f"{PREFIX}{secrets.token_hex(6)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _sites(folder: Path, outcome: Outcome) -> Iterator[tuple[_Site, _Site]]:
    """Two empty sites that know nothing of this one's secrets, with databases of this one's kind."""
    with ExitStack() as stack:
        sites = []
        for name in ("old", "new"):
            urls = {key: stack.enter_context(databases.scratch(url)) for key, url in _urls().items()}
            environment = {
                **{key: os.environ[key] for key in INHERITED if key in os.environ},
                **urls,
                "VASISTAS_DATA": str(folder / name),
                "VASISTAS_POLICY": str(settings.POLICY),
                "VASISTAS_GATE_MODE": "enforce",
                "VASISTAS_LOG_LEVEL": "ERROR",
                "DJANGO_SETTINGS_MODULE": "vasistas.config.settings",
            }
            sites.append(_Site(folder / name, environment, outcome, STEP_S_MAX))
        yield sites[0], sites[1]


def _urls() -> dict[str, str]:
    names = {"VASISTAS_DATABASE_URL": "default", "VASISTAS_KEYS_DATABASE_URL": "keys"}
    return {name: databases.url_of(connections[alias].settings_dict) for name, alias in names.items()}


# -- Evidence ----------------------------------------------------------------------------------------------------------


def drill_when_due(now: datetime) -> None:
    """Rehearse, unless that was done within EVERY, and keep what was found. The worker calls this every hour; a drill
    that could not be carried out is tried again by then.
    """
    before = queries.latest_drill(REHEARSAL)
    if before is None or before.state is State.UNPROVEN or now - before.at >= EVERY:
        operations.keep_drill(REHEARSAL, rehearse().seen(now))
