"""Which checks there are: each a function that looks, and a function that plants what it must find.

A check looks at the running site and returns what it found; it changes nothing. Its counterexample runs in a scratch
site of its own (conformance/scratch.py), plants one violation, and the same check must then turn red.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from vasistas.guard.policy.model import Words

LIMIT_S = 30.0
NAMED_MAX = 5  # so many names of code in a detail; the count says how many there are

KINDS = frozenset({"static", "schema", "live", "canary", "probe", "crypto", "drill", "freshness"})


@dataclass(frozen=True)
class Finding:
    """counted: rows or probes looked at. violations: how many of them break the promise. detail: names of code and
    counts, never personal data.
    """

    ok: bool
    counted: int = 0
    violations: int = 0
    detail: str = ""


class NotProven(Exception):  # noqa: N818 — refusals read as facts
    """The check cannot be carried out here and now; the text says what is missing, in names of code."""


class NotApplicable(Exception):  # noqa: N818 — refusals read as facts
    """This site has nothing the promise could be about; the text says why."""


type Look = Callable[[datetime], Finding]
type Plant = Callable[[datetime], None]


@dataclass(frozen=True)
class Check:
    """is_gated: it proves something only while every purpose is enforced. limit_s: longer, and it is given up."""

    key: str
    kind: str
    words: Words
    look: Look
    is_gated: bool = False
    limit_s: float = LIMIT_S


_checks: dict[str, Check] = {}
_plants: dict[str, Plant] = {}


def check(
    key: str, *, kind: str, words: Words, is_gated: bool = False, limit_s: float = LIMIT_S
) -> Callable[[Look], Look]:
    """Register a function that takes the moment and returns a Finding.

    Raises: ValueError: the key is taken, or the kind unknown.
    """
    if key in _checks:
        raise ValueError(f"The check {key!r} is registered twice. Keep one.")
    if kind not in KINDS:
        raise ValueError(f"The check {key!r} has the kind {kind!r}. Use one of {', '.join(sorted(KINDS))}.")

    def register(look: Look) -> Look:
        _checks[key] = Check(key, kind, words, look, is_gated, limit_s)
        return look

    return register


def counterexample(key: str) -> Callable[[Plant], Plant]:
    """Register what plants one violation of `key` in the scratch site. Nothing needs undoing there."""

    def register(plant: Plant) -> Plant:
        _plants[key] = plant
        return plant

    return register


def checks() -> Mapping[str, Check]:
    return _checks


def plants() -> Mapping[str, Plant]:
    return _plants


def finding(counted: int, wrong: Iterable[str], *, at_least: int = 0) -> Finding:
    """Return what a list of names of code comes to: none is green, unless fewer than `at_least` were looked at.

    Raises: NotProven: too few; a check that looked at nothing has proven nothing.
    """
    if counted < at_least:
        raise NotProven(f"Only {counted} looked at, {at_least} expected.")
    names = sorted(wrong)
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return Finding(not names, counted, len(names), ", ".join(names[:NAMED_MAX]) + more)


def count(counted: int, violations: int, what: str = "") -> Finding:
    """Return what two numbers come to; `what` names the table or rule the violations are in."""
    return Finding(violations == 0, counted, violations, f"{violations} {what}".strip() if violations else "")
