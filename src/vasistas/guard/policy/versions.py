"""The versions of a policy, as files: versions/<n>/ holds what was in force, and is never edited again.

`SHA256SUMS` in each folder (the format of sha256sum) tells an edit of the past. The current files equal the snapshot of
their version; where there is none yet they are a draft of the next one.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from pathlib import Path

from vasistas.guard.policy import digests
from vasistas.guard.policy.drafts import CLAUSES, FILE, compile_draft, parts_by_path
from vasistas.guard.policy.faults import Fault, PolicyRefused
from vasistas.guard.policy.lines import KeyPath
from vasistas.guard.policy.model import Policy
from vasistas.guard.policy.reading import Source, shown

FOLDER = "versions"
SUMS = "SHA256SUMS"

_SUM = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[A-Za-z0-9_./-]+)")


def history(folder: Path) -> list[int]:
    """Return the numbers of all released versions, earliest first."""
    return sorted(int(one.name) for one in _folders(folder) if one.name.isdecimal())


def get_version(folder: Path, number: int) -> Policy | None:
    """Return a released version as it was, or None when there is none of that number.

    Raises: PolicyRefused: its snapshot does not compile.
    """
    if number not in history(folder):
        return None
    source, policy = compile_draft(folder / FOLDER / str(number), _shown(folder, number), today=None)
    if source.faults:
        raise PolicyRefused(source.faults)
    return replace(policy, is_released=True)


def get_draft(folder: Path) -> Policy:
    """Return the files as they are, whatever was released.

    Raises: PolicyRefused: they do not compile.
    """
    source, policy = compile_draft(folder, Path(folder.name), today=None)
    if source.faults:
        raise PolicyRefused(source.faults)
    return policy


def release(
    folder: Path, *, effective: date | None, today: date, known_checks: Collection[str] | None = None
) -> Policy:
    """Freeze the files of `folder` as the next version, and write its number and day into policy.toml.

    Args: effective: the day it comes into force, today at the earliest; None: the day the file names, or today.

    Raises: PolicyRefused: it does not compile, or nothing changed; nothing was written.
    """
    source, policy = compile_draft(folder, Path(folder.name), known_checks=known_checks, today=today)
    latest = max(history(folder), default=0)
    _check_history(source, folder)
    if policy.version not in {max(latest, 1), latest + 1}:
        _refuse_number(source, policy.version, latest)
    if latest and not _changed(policy, get_version(folder, latest)):
        source.fault(("version",), f"Nothing has changed since version {latest}.", "Change something first.")
    effective = effective or max(policy.effective, today)
    if effective < today:
        source.fault(("effective",), f"{effective} is over.", f"Name a day from {today}.")
    if source.faults:
        raise PolicyRefused(source.faults)
    _write(folder, source, latest + 1, effective, policy.languages)
    return get_version(folder, latest + 1) or policy


def compare(source: Source, policy: Policy, folder: Path) -> bool:
    """Note as faults what contradicts the versions released so far; return whether this one is released."""
    _check_history(source, folder)
    latest = max(history(folder), default=0)
    if policy.version == latest + 1:
        if latest and not _changed(policy, get_version(folder, latest)):
            what = f"Version {policy.version} says the same as version {latest}."
            source.fault(("version",), what, f"Write version = {latest}, or change something first.")
        return False
    if policy.version != latest:
        _refuse_number(source, policy.version, latest)
        return False
    released = get_version(folder, latest)
    for path in _changed(policy, released):
        source.fault(
            path,
            f"{shown(path)} changed after version {latest} was released.",
            f"Write version = {latest + 1} and release it with `vasistas policy release`, or restore what stood here.",
        )
    return True


def _refuse_number(source: Source, number: int, latest: int) -> None:
    what = f"The version is {number}, and the latest release is {latest or 'none'}."
    source.fault(("version",), what, f"Write version = {latest + 1}.")


def _changed(policy: Policy, released: Policy | None) -> list[KeyPath]:
    now = {path: digests.of(part) for path, part in parts_by_path(policy)}
    then = {path: digests.of(part) for path, part in parts_by_path(released)} if released else {}
    return [path for path in {**now, **then} if now.get(path) != then.get(path)]


def _folders(folder: Path) -> list[Path]:
    versions = folder / FOLDER
    return [one for one in versions.iterdir() if not one.name.startswith(".")] if versions.is_dir() else []


def _shown(folder: Path, number: int) -> Path:
    return Path(folder.name) / FOLDER / str(number)


def _check_history(source: Source, folder: Path) -> None:
    place = Path(folder.name) / FOLDER
    for one in _folders(folder):
        if not re.fullmatch(r"[1-9]\d*", one.name):
            source.faults.append(Fault(place / one.name, 1, "This is no version.", "Move it elsewhere."))
    numbers = history(folder)
    for number in range(1, max(numbers, default=0)):
        if number not in numbers:
            what = f"Version {number} is missing between the others."
            source.faults.append(Fault(place / str(number), 1, what, "Restore it: what was in force stays to be read."))
    for number in numbers:
        source.faults.extend(_edits(folder, number))


def _edits(folder: Path, number: int) -> list[Fault]:
    """Compare a snapshot with its sums, in both directions."""
    snapshot, place = folder / FOLDER / str(number), _shown(folder, number)
    remedy = f"Restore version {number}: the past is not edited."
    try:
        lines = (snapshot / SUMS).read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return [Fault(place / SUMS, 1, "The sums of this version cannot be read.", remedy)]
    told = {found["name"]: found["digest"] for line in lines if (found := _SUM.fullmatch(line))}
    there = _sums(snapshot)
    return [
        Fault(place / name, 1, f"The file is not as it was when version {number} was released.", remedy)
        for name in sorted({*told, *there})
        if told.get(name) != there.get(name)
    ]


def _sums(snapshot: Path) -> dict[str, str]:
    files = sorted(one for one in snapshot.rglob("*") if one.is_file() and one != snapshot / SUMS)
    return {str(one.relative_to(snapshot)): hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def _write(folder: Path, source: Source, number: int, effective: date, languages: tuple[str, ...]) -> None:
    """policy.toml first: a crash between the two leaves a draft of `number`, which the next release completes."""
    lines = (folder / FILE).read_text().split("\n")
    for name, value in (("version", str(number)), ("effective", effective.isoformat())):
        line = source.lines[name,] - 1
        lines[line] = re.sub(r"=\s*[^#]*?(?=\s*(?:#|$))", f"= {value}", lines[line], count=1)
    fresh = folder / f".{FILE}.tmp"
    fresh.write_text("\n".join(lines))
    shutil.copymode(folder / FILE, fresh)
    os.replace(fresh, folder / FILE)  # noqa: PTH105 — the pair of rename, and as atomic
    stage = folder / FOLDER / f".{number}.tmp"
    shutil.rmtree(stage, ignore_errors=True)
    (stage / CLAUSES).mkdir(parents=True)
    for name in (FILE, *(f"{CLAUSES}/{language}.md" for language in languages)):
        if (folder / name).exists():
            shutil.copy(folder / name, stage / name)
    sums = "".join(f"{digest}  {name}\n" for name, digest in _sums(stage).items())
    (stage / SUMS).write_text(sums)
    for made in (stage, stage / CLAUSES, folder / FOLDER):
        shutil.copymode(folder, made)  # as readable as the policy itself
    shutil.copymode(folder / FILE, stage / SUMS)
    stage.rename(folder / FOLDER / str(number))
