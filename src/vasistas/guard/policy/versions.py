"""The versions of a policy, as files: versions/<n>/ holds what was in force, and is never edited again.

`SHA256SUMS` in each folder (the format of sha256sum) tells an edit of the past. The current files equal the snapshot of
their version; where there is none yet they are a draft of the next one. From version 2 on, `approvals.json` shows that
two people approved exactly these files.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from vasistas.guard.policy import approvals, digests
from vasistas.guard.policy.differences import Difference, PartChange, between
from vasistas.guard.policy.drafts import CLAUSES, FILE, compile_draft, parts_by_path
from vasistas.guard.policy.faults import Fault, PolicyRefused
from vasistas.guard.policy.lines import KeyPath
from vasistas.guard.policy.model import Policy
from vasistas.guard.policy.reading import Source, shown

FOLDER = "versions"
SUMS = "SHA256SUMS"
NOTICE_DAYS = 30  # between a notice and the day from which a widening counts (clause M)
TELLING_DAYS = 3  # for the mails to go out; and an account whose address is being proven is proven by then, or gone
NAMED_MAX = 5  # widenings named in a refusal
APPROVE = (
    "Have two members of staff approve it on /staff/policy/, then release it there or with `vasistas policy release`."
)

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


@dataclass(frozen=True)
class Candidate:
    """The next version as it would be frozen. files: by name, with number and day written in. files_hash: what people
    approve, SHA-256 over the lines of SHA256SUMS. difference: to the latest release; None for the first version.
    """

    number: int
    effective: date
    files: Mapping[str, bytes]
    files_hash: str
    policy: Policy
    difference: Difference | None

    @property
    def widenings(self) -> tuple[PartChange, ...]:
        return self.difference.widenings if self.difference else ()

    @property
    def needs_approval(self) -> bool:
        return self.number >= approvals.FIRST_APPROVED


def candidate(
    folder: Path, *, effective: date | None, today: date, known_checks: Collection[str] | None = None
) -> Candidate:
    """Return the files of `folder` as the version they would become.

    Args: effective: the day it comes into force, today at the earliest; None: the day the file names, or today.

    Raises: PolicyRefused: it does not compile, nothing changed, or the day comes too soon; nothing was written.
    """
    source, policy = compile_draft(folder, Path(folder.name), known_checks=known_checks, today=today)
    latest = max(history(folder), default=0)
    _check_history(source, folder)
    if policy.version not in {max(latest, 1), latest + 1}:
        _refuse_number(source, policy.version, latest)
    effective = effective or max(policy.effective, today)
    before = None if source.faults or not latest else get_version(folder, latest)
    if before and not _changed(policy, before):
        source.fault(("version",), f"Nothing has changed since version {latest}.", "Change something first.")
    if effective < today:
        source.fault(("effective",), f"{effective} is over.", f"Name a day from {today}.")
    difference = between(before, policy, policy.languages[0]) if before else None
    if difference:
        _refuse_too_soon(source, difference, effective, today)
    if source.faults:
        raise PolicyRefused(source.faults)
    files = _frozen(folder, source, latest + 1, effective, policy.languages)
    return Candidate(latest + 1, effective, files, _files_hash(_sums_of(files)), policy, difference)


def release(
    folder: Path,
    *,
    effective: date | None,
    today: date,
    known_checks: Collection[str] | None = None,
    approved: Callable[[Candidate], bytes | None] = lambda _candidate: None,
) -> Policy:
    """Freeze the files of `folder` as the next version, and write its number and day into policy.toml.

    Args: effective: see `candidate`. approved: asked for the approvals file (guard/policy/approvals.py) of exactly
        these files, from the second version on.

    Raises: PolicyRefused: see `candidate`; or two people have not approved exactly this. Nothing was written.
    """
    found = candidate(folder, effective=effective, today=today, known_checks=known_checks)
    signed = approved(found) if found.needs_approval else None
    if found.needs_approval:
        try:
            approvals.read(signed, number=found.number, files=found.files_hash)
        except approvals.Unapproved as why:
            what = f"Version {found.number} cannot be released: {why}. Its files have the hash {found.files_hash}."
            raise PolicyRefused([Fault(Path(folder.name) / FILE, 1, what, APPROVE)]) from None
    _write(folder, found, signed)
    return get_version(folder, found.number) or found.policy


def in_force(folder: Path, today: date) -> Policy | None:
    """Return the version whose day has come, the latest of them; before the first day the first; None without any.

    Raises: PolicyRefused: a snapshot does not compile.
    """
    return timeline(folder, today)[-1] if history(folder) else None


def timeline(folder: Path, today: date) -> list[Policy]:
    """Return the versions that have been in force up to today, earliest first, and at least the first one. A version
    replaced on the day it began never was.

    Raises: PolicyRefused: a snapshot does not compile.
    """
    every = [policy for number in history(folder) if (policy := get_version(folder, number))]
    begun = [one for one in every if one.effective <= today] or every[:1]
    later = [*begun[1:], None]
    return [one for one, after in zip(begun, later, strict=True) if after is None or one.effective < after.effective]


def to_come(folder: Path, today: date) -> list[Policy]:
    """Return the released versions whose day has not come yet, earliest first; the very first is none of them.

    Raises: PolicyRefused: a snapshot does not compile.
    """
    every = [policy for number in history(folder)[1:] if (policy := get_version(folder, number))]
    return [one for one in every if one.effective > today]


def approvals_of(folder: Path, number: int) -> approvals.Read:
    """Return who approved a released version, held against its files.

    Raises: approvals.Unapproved.
    """
    snapshot = folder / FOLDER / str(number)
    signed = snapshot / approvals.FILE
    sums = {name: digest for name, digest in _sums(snapshot).items() if name != approvals.FILE}
    return approvals.read(signed.read_bytes() if signed.is_file() else None, number=number, files=_files_hash(sums))


def go_back_to(folder: Path, number: int) -> None:
    """Let a copy of a policy be as it was when version `number` was the latest: no later one, no draft."""
    for later in history(folder):
        if later > number:
            shutil.rmtree(folder / FOLDER / str(later))
    shutil.rmtree(folder / CLAUSES)
    shutil.copytree(folder / FOLDER / str(number) / CLAUSES, folder / CLAUSES)
    shutil.copy(folder / FOLDER / str(number) / FILE, folder / FILE)


def faults_of_history(folder: Path) -> list[Fault]:
    """Return what contradicts itself in the released versions, whatever the draft says."""
    source = Source(Path(folder.name) / FILE)
    _check_history(source, folder)
    return source.faults


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


def _refuse_too_soon(source: Source, difference: Difference, effective: date, today: date) -> None:
    """A version comes into force after the one before it; one that widens, after everyone could be told."""
    before = difference.before
    if effective < before.effective:
        what = f"Version {before.version} comes into force on {before.effective}, later than this."
        source.fault(("effective",), what, f"Name a day from {before.effective}.")
    earliest = today + timedelta(days=NOTICE_DAYS + TELLING_DAYS)
    if difference.widenings and effective < earliest:
        names = ", ".join(f"{one.section} {one.key}" for one in difference.widenings[:NAMED_MAX])
        what = (
            f"This widens what we may do ({names}); {effective} is too soon to tell everyone {NOTICE_DAYS} days before."
        )
        source.fault(("effective",), what, f"Name a day from {earliest}.")


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
        edits = _edits(folder, number)
        source.faults.extend(edits or _unapproved(folder, number))


def _unapproved(folder: Path, number: int) -> list[Fault]:
    if number < approvals.FIRST_APPROVED:
        return []
    try:
        approvals_of(folder, number)
    except approvals.Unapproved as why:
        what = f"Version {number} was not released by two people: {why}."
        return [Fault(_shown(folder, number) / approvals.FILE, 1, what, "Restore it, or release it with approvals.")]
    return []


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
    return _sums_of({str(one.relative_to(snapshot)): one.read_bytes() for one in files})


def _sums_of(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}


def _lines(sums: Mapping[str, str]) -> str:
    return "".join(f"{digest}  {name}\n" for name, digest in sums.items())


def _files_hash(sums: Mapping[str, str]) -> str:
    return hashlib.sha256(_lines(sums).encode()).hexdigest()


def _frozen(folder: Path, source: Source, number: int, effective: date, languages: tuple[str, ...]) -> dict[str, bytes]:
    lines = (folder / FILE).read_text().split("\n")
    for name, value in (("version", str(number)), ("effective", effective.isoformat())):
        line = source.lines[name,] - 1
        lines[line] = re.sub(r"=\s*[^#]*?(?=\s*(?:#|$))", f"= {value}", lines[line], count=1)
    words = [f"{CLAUSES}/{language}.md" for language in languages]
    return {
        FILE: "\n".join(lines).encode(),
        **{one: (folder / one).read_bytes() for one in words if (folder / one).exists()},
    }


def _write(folder: Path, found: Candidate, signed: bytes | None) -> None:
    """policy.toml first: a crash between the two leaves a draft of `number`, which the next release completes."""
    fresh = folder / f".{FILE}.tmp"
    fresh.write_bytes(found.files[FILE])
    shutil.copymode(folder / FILE, fresh)
    os.replace(fresh, folder / FILE)  # noqa: PTH105 — the pair of rename, and as atomic
    stage = folder / FOLDER / f".{found.number}.tmp"
    shutil.rmtree(stage, ignore_errors=True)
    (stage / CLAUSES).mkdir(parents=True)
    for name, content in {**found.files, **({approvals.FILE: signed} if signed else {})}.items():
        (stage / name).write_bytes(content)
        shutil.copymode(folder / FILE, stage / name)
    (stage / SUMS).write_text(_lines(_sums(stage)))
    for made in (stage, stage / CLAUSES, folder / FOLDER):
        shutil.copymode(folder, made)  # as readable as the policy itself
    shutil.copymode(folder / FILE, stage / SUMS)
    stage.rename(folder / FOLDER / str(found.number))
