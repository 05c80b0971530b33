"""What becomes of one field of one row: the order in which erasure, statutes, restriction, holds and time decide.

Pure: no database, no clock. First match wins, except that a hold only ever adds a copy:

| step | when | then |
|---|---|---|
| 1 | a hold covers it | a copy goes to the hold's case key; the original follows steps 2 to 7 |
| 2 | a statutory minimum is not reached | the field stays, for the statute's purposes alone |
| 3 | the subject is erased, or no purpose has a basis left | shred and delete |
| 4 | restricted | it stays, and nobody uses it |
| 5 | the maximum of every use has passed | delete |
| 6 | the maximum of some uses has passed | it stays for the others |
| 7 | else | it stays |

Laws, tested as properties: blockers (holds, minimums, restrictions) are scoped, expire and are owned; they never widen
use; erasure is monotone; releasing the last hold completes an erasure without a new clock; the order in which events
arrive changes nothing. Source: GDPR Art. 5(1)(e), 17, 18, 21.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum

HOLD_MAX = timedelta(days=180)  # renewable; a longer one is two decisions


class Fate(IntEnum):
    """Ordered by how much is left."""

    KEEP = 0
    KEEP_UNUSED = 1  # restricted: nobody uses it
    KEEP_STATUTORY = 2  # a statute alone keeps it
    DELETE = 3
    SHRED = 4  # its key is destroyed first, so that backups forget too


@dataclass(frozen=True)
class Use:
    """One purpose that uses the field. maximum: from the moment the rule counts from; None: as long as that lasts."""

    purpose: str
    maximum: timedelta | None = None
    needs_consent: bool = False
    can_be_objected: bool = False


@dataclass(frozen=True)
class Statute:
    """A law that forbids deleting before `minimum` is over. purpose: the only one it keeps the field for."""

    purpose: str
    minimum: timedelta


@dataclass(frozen=True)
class Hold:
    """A duty to preserve. Scope: categories × moments [since, until). owner: who answers for it.

    Raises: ValueError: without an owner, or longer than HOLD_MAX.
    """

    key: str
    owner: str
    categories: frozenset[str]
    since: datetime
    until: datetime
    placed_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        if not self.owner:
            raise ValueError(f"The hold {self.key} has no owner. Name who answers for it.")
        if self.expires_at - self.placed_at > HOLD_MAX:
            raise ValueError(f"The hold {self.key} lasts longer than {HOLD_MAX.days} days. Renew it in time instead.")

    def covers(self, category: str, counted_from: datetime, now: datetime) -> bool:
        return category in self.categories and self.since <= counted_from < self.until and now < self.expires_at


@dataclass(frozen=True)
class Restriction:
    """Processing is limited to storage (GDPR Art. 18). lifted_at None: in force."""

    key: str
    categories: frozenset[str]


@dataclass(frozen=True)
class Standing:
    """What a subject asked for and what was ordered about them: sets and latest moments, so that order is no matter."""

    erased_at: datetime | None = None
    consents: frozenset[tuple[str, datetime, bool]] = frozenset()  # purpose, when, given
    objections: frozenset[tuple[str, datetime, bool]] = frozenset()  # purpose, when, sustained
    restrictions: frozenset[Restriction] = frozenset()
    lifted: frozenset[str] = frozenset()
    holds: frozenset[Hold] = frozenset()
    released: frozenset[str] = frozenset()

    def has_consented(self, purpose: str) -> bool:
        """The latest word counts; of two at the same moment, the refusal."""
        return _latest(self.consents, purpose, at_tie=False)

    def has_objected(self, purpose: str) -> bool:
        """The latest word counts; of two at the same moment, the objection."""
        return _latest(self.objections, purpose, at_tie=True)

    def is_restricted(self, category: str) -> bool:
        return any(one.key not in self.lifted and category in one.categories for one in self.restrictions)

    def holds_on(self, category: str, counted_from: datetime, now: datetime) -> frozenset[str]:
        covering = (one for one in self.holds if one.key not in self.released)
        return frozenset(one.key for one in covering if one.covers(category, counted_from, now))

    # -- Events: each is idempotent, and any two commute ----------------------------------------------------------

    def erase(self, at: datetime) -> "Standing":
        return replace(self, erased_at=min(at, self.erased_at or at))

    def consent(self, purpose: str, at: datetime, *, given: bool) -> "Standing":
        return replace(self, consents=self.consents | {(purpose, at, given)})

    def object_to(self, purpose: str, at: datetime, *, sustained: bool = True) -> "Standing":
        return replace(self, objections=self.objections | {(purpose, at, sustained)})

    def restrict(self, restriction: Restriction) -> "Standing":
        return replace(self, restrictions=self.restrictions | {restriction})

    def lift(self, key: str) -> "Standing":
        return replace(self, lifted=self.lifted | {key})

    def hold(self, hold: Hold) -> "Standing":
        return replace(self, holds=self.holds | {hold})

    def release(self, key: str) -> "Standing":
        return replace(self, released=self.released | {key})


def _latest(words: Iterable[tuple[str, datetime, bool]], purpose: str, *, at_tie: bool) -> bool:
    said = [(at, yes) for key, at, yes in words if key == purpose]
    if not said:
        return False
    latest_at = max(at for at, _yes in said)
    answers = {yes for at, yes in said if at == latest_at}
    return at_tie if len(answers) > 1 else answers.pop()


@dataclass(frozen=True)
class Datum:
    """One field of one row. counted_from: the moment its retention counts from; None: what keeps it has not ended."""

    category: str
    counted_from: datetime | None
    uses: frozenset[Use]
    statutes: frozenset[Statute] = frozenset()
    created_at: datetime | None = None  # what a hold's range is compared with when nothing has ended yet


@dataclass(frozen=True)
class Decision:
    """fate: of the original. purposes: what it may still be used for. copies: holds that get one. step: who decided."""

    fate: Fate
    purposes: frozenset[str]
    step: int
    copies: frozenset[str] = field(default_factory=frozenset)


def decide(datum: Datum, standing: Standing, now: datetime) -> Decision:
    """Decide the fate of one field of one row at one moment; see the module for the order."""
    moment = datum.counted_from or datum.created_at
    copies = standing.holds_on(datum.category, moment, now) if moment else frozenset[str]()
    return replace(_original(datum, standing, now), copies=copies)


def _original(datum: Datum, standing: Standing, now: datetime) -> Decision:
    based = {use for use in datum.uses if _has_basis(use, standing)}
    running = {use for use in based if not _has_passed(use, datum.counted_from, now)}
    is_over = standing.erased_at is not None or not based
    is_restricted = standing.is_restricted(datum.category)
    statutes = frozenset(one.purpose for one in datum.statutes if _is_due(one, datum.counted_from, now))
    if statutes and (is_over or not running):
        allowed = statutes & frozenset(use.purpose for use in datum.uses)
        return Decision(Fate.KEEP_STATUTORY, frozenset() if is_restricted else allowed, step=2)
    if is_over:
        return Decision(Fate.SHRED, frozenset(), step=3)
    if is_restricted and (running or statutes):
        return Decision(Fate.KEEP_UNUSED, frozenset(), step=4)
    if not running:
        return Decision(Fate.DELETE, frozenset(), step=5)
    return Decision(Fate.KEEP, frozenset(use.purpose for use in running), step=6 if len(running) < len(based) else 7)


def _has_basis(use: Use, standing: Standing) -> bool:
    if use.needs_consent and not standing.has_consented(use.purpose):
        return False
    return not (use.can_be_objected and standing.has_objected(use.purpose))


def _has_passed(use: Use, counted_from: datetime | None, now: datetime) -> bool:
    return counted_from is not None and use.maximum is not None and now >= counted_from + use.maximum


def _is_due(statute: Statute, counted_from: datetime | None, now: datetime) -> bool:
    return counted_from is None or now < counted_from + statute.minimum
