"""What two versions of a policy say differently: clauses word by word, rules and data part by part, widenings marked.

A widening lets the operator do more than before, or keep something longer: it needs notice and, where consent is the
basis, new consent, and never applies to data that is there already (clause M).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from vasistas.guard.policy import digests
from vasistas.guard.policy.drafts import SECTIONS
from vasistas.guard.policy.model import Clause, Consent, Mode, Policy, Reads, Then, Words

_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")
_WATCHED = {Reads.PUBLISHED: 0, Reads.INTERNAL: 0, Reads.OWN: 1, Reads.RUN: 2, Reads.EACH: 3}  # how closely


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Piece:
    """A run of text. change: same, added or removed."""

    change: Change
    text: str


@dataclass(frozen=True)
class FieldChange:
    """One field of a part. Of a list, what was added and removed; of anything else, the text before and after."""

    name: str
    before: str = ""
    after: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    is_widening: bool = False


@dataclass(frozen=True)
class PartChange:
    """One category, purpose, recipient, retention rule, activity, cookie, rule of a clause … section: "purposes" …"""

    section: str
    key: str
    title: Words
    change: Change
    fields: tuple[FieldChange, ...] = ()
    is_widening: bool = False


@dataclass(frozen=True)
class ClauseChange:
    """pieces: title and body in one language, in order. rules: those that were added, removed or changed."""

    number: str
    title: str
    change: Change
    heading: tuple[Piece, ...]
    pieces: tuple[Piece, ...]
    rules: tuple[PartChange, ...] = ()


@dataclass(frozen=True)
class Difference:
    """clauses: all of both versions, in order. parts: only what changed."""

    before: Policy
    after: Policy
    language: str
    clauses: tuple[ClauseChange, ...]
    parts: tuple[PartChange, ...] = field(default_factory=tuple)

    @property
    def widenings(self) -> tuple[PartChange, ...]:
        rules = (rule for clause in self.clauses for rule in clause.rules)
        return tuple(part for part in (*self.parts, *rules) if part.is_widening)


def between(before: Policy, after: Policy, language: str) -> Difference:
    """Compare two versions; the words of clauses in `language`."""
    numbers = [*after.clauses, *(number for number in before.clauses if number not in after.clauses)]
    clauses = tuple(
        _clause(number, before.clauses.get(number), after.clauses.get(number), language) for number in numbers
    )
    parts: list[PartChange] = []
    for section in SECTIONS:
        if section == "cookies":
            then, now = ({one.name: one for one in policy.cookies} for policy in (before, after))
            parts.extend(_parts(section, then, now))
        elif section != "clauses":
            parts.extend(_parts(section, getattr(before, section), getattr(after, section)))
    return Difference(before, after, language, clauses, tuple(parts))


def is_wider(before: Consent, after: Consent) -> bool:
    """Whether a switch allows more than it did."""
    return any(one.is_widening for one in _fields("consents", before, after))


def words_between(before: str, after: str) -> tuple[Piece, ...]:
    """Compare two texts word by word; joined, the same and removed pieces give `before`, same and added `after`."""
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    pieces: list[Piece] = []
    for what, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            pieces.append(Piece(Change.SAME, "".join(old[old_from:old_to])))
            continue
        if old_to > old_from:
            pieces.append(Piece(Change.REMOVED, "".join(old[old_from:old_to])))
        if new_to > new_from:
            pieces.append(Piece(Change.ADDED, "".join(new[new_from:new_to])))
    return tuple(pieces)


def _clause(number: str, before: Clause | None, after: Clause | None, language: str) -> ClauseChange:
    def said(clause: Clause | None, what: str) -> str:
        return getattr(clause, what).get(language, "") if clause else ""

    rules = _parts(
        "rules",
        {rule.key: rule for rule in before.rules} if before else {},
        {rule.key: rule for rule in after.rules} if after else {},
    )
    return ClauseChange(
        number=number,
        title=said(after, "title") or said(before, "title"),
        change=_change(before and before.digest, after and after.digest),
        heading=words_between(said(before, "title"), said(after, "title")),
        pieces=words_between(said(before, "words"), said(after, "words")),
        rules=tuple(rules),
    )


def _change(before: object, after: object) -> Change:
    if before == after:
        return Change.SAME
    if before is None:
        return Change.ADDED
    return Change.REMOVED if after is None else Change.CHANGED


def _parts(section: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[PartChange]:
    for key in [*after, *(key for key in before if key not in after)]:
        then, now = before.get(key), after.get(key)
        change = _change(then, now)
        if change is Change.SAME:
            continue
        fields = tuple(_fields(section, then, now)) if then and now else ()
        is_widening = any(one.is_widening for one in fields) if fields else (section, change) in _WIDENING_PARTS
        yield PartChange(section, key, _title(now or then), change, fields, is_widening)


def _title(part: Any) -> Words:
    title: Words = getattr(part, "title", None) or getattr(part, "words", {})
    return title


def _fields(section: str, then: Any, now: Any) -> Iterator[FieldChange]:
    before, after = digests.plain(then), digests.plain(now)
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        is_wider = _WIDENING_FIELDS.get((section, name), _never)(getattr(then, name), getattr(now, name))
        if isinstance(old, list) or isinstance(new, list):
            was, is_now = old or [], new or []
            added = tuple(str(one) for one in is_now if one not in was)
            removed = tuple(str(one) for one in was if one not in is_now)
            yield FieldChange(name, added=added, removed=removed, is_widening=is_wider)
        else:
            yield FieldChange(name, _text(old), _text(new), is_widening=is_wider)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return " · ".join(f"{language}: {words}" for language, words in value.items())
    return "" if value is None else str(value)


def _never(_then: Any, _now: Any) -> bool:
    return False


def _has_more(then: Any, now: Any) -> bool:
    return bool(set(now) - set(then))


def _has_fewer(then: Any, now: Any) -> bool:
    return bool(set(then) - set(now))


def _is_longer(then: int | None, now: int | None) -> bool:
    return then is not None and (now is None or now > then)


def _differs(then: Any, now: Any) -> bool:
    return bool(then != now)


_WIDENING_PARTS = {
    ("categories", Change.ADDED),
    ("purposes", Change.ADDED),
    ("recipients", Change.ADDED),
    ("activities", Change.ADDED),
    ("cookies", Change.ADDED),
    ("measures", Change.REMOVED),
    ("rules", Change.REMOVED),
}
_WIDENING_FIELDS: dict[tuple[str, str], Callable[[Any, Any], bool]] = {
    ("purposes", "categories"): _has_more,
    ("purposes", "mode"): lambda _then, now: now is Mode.OBSERVE,
    ("purposes", "needs_reason"): lambda _then, now: not now,
    ("purposes", "reads"): lambda then, now: _WATCHED[now] < _WATCHED[then],
    ("categories", "is_special"): lambda then, _now: then,
    ("recipients", "country"): _differs,
    ("recipients", "words"): _differs,
    ("recipients", "categories"): _has_more,
    ("recipients", "hosts"): _has_more,
    ("recipients", "told_at"): lambda _then, now: not now,
    ("recipients", "not_told"): lambda _then, now: bool(now),
    ("retention", "days_max"): _is_longer,
    ("retention", "days_min"): lambda then, now: now > then,
    ("retention", "after"): _differs,
    ("retention", "then"): lambda _then, now: now is not Then.SHRED,
    ("activities", "categories"): _has_more,
    ("activities", "recipients"): _has_more,
    ("activities", "subjects"): _has_more,
    ("activities", "basis"): _differs,
    ("cookies", "kind"): _differs,
    ("rules", "checks"): _has_fewer,
    ("consents", "text"): lambda then, now: now > then,
    ("consents", "categories"): _has_more,
    ("consents", "under"): lambda then, _now: bool(then),
    ("consents", "is_objectable"): lambda then, _now: then,
}
