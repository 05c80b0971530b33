"""Delete in time: the policy's retention rules, swept as they are written.

A rule is swept here when it has days_max and its `after` names a field: `app.Model.field`, or the bare name of a field
of every model that keeps something by the rule (`until`). Rules that end by an event end in their app's code, and three
stay with theirs (SWEPT_APART) because more than the age of a row decides.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from vasistas.guard import declarations
from vasistas.guard.policy import get_policy, limits
from vasistas.guard.policy.model import Retention
from vasistas.guard.precedence import Datum, Standing, Use, decide

BATCH_ROWS = 5_000  # of one transaction: other writers wait no longer than for these

# key of a rule -> who sweeps it instead
SWEPT_APART = {
    "unproven_account": "accounts.forget_unverified: an account goes with its subject and its keys",
    "session": "accounts.forget_sessions: a field holds the end of the period",
    "unconfirmed_contact": "bulletins.forget_unconfirmed: a visitor goes with the contact",
    "read_log": "reads.forget_old: in order of ids, which its batches need",
}


@dataclass(frozen=True)
class Timed:
    """A rule on one model. field: the name of the field its days count from."""

    rule: Retention
    model: type[models.Model]
    field: str

    @property
    def label(self) -> str:
        return self.model._meta.label

    def due(self, now: datetime) -> "models.QuerySet[Any]":
        """The rows that have reached their age, oldest first; rows of before a longer period keep the shorter one."""
        rows: models.QuerySet[Any] = models.QuerySet(self.model)  # whatever a manager of its own leaves out
        before = limits.due_before(self.rule.key, now)
        return rows.filter(**{f"{self.field}__lte": before}).order_by(self.field, "pk") if before else rows.none()

    @property
    def categories(self) -> frozenset[str]:
        declared = declarations.of(self.model)
        return declared.categories if declared else frozenset()


@dataclass(frozen=True)
class Swept:
    """What became of one rule on one model. held: rows that a hold wants a copy of first, and that stay until then."""

    rule: str
    model: str
    gone: int
    held: int = 0


def timed_rules() -> Iterator[Timed]:
    """Every rule of the policy in force that is swept here, on each of its models."""
    for rule in get_policy().retention.values():
        if rule.days_max is None or rule.key in SWEPT_APART:
            continue
        label, _, name = rule.after.rpartition(".")
        labels = [label] if label else [one for one, held in declarations.declarations().items() if _keeps(held, rule)]
        for one in labels:
            model = _model_with(one, name)
            if model is not None:
                yield Timed(rule, model, name)


def no_holds(_now: datetime) -> Standing:
    return Standing()


# What is held, asked before every sweep. Whatever keeps holds puts its own function here when the site is ready
# (AppConfig.ready); guard/precedence.py decides what they mean.
holds_in_force: Callable[[datetime], Standing] = no_holds


def due_now(now: datetime) -> list[Swept]:
    """Count what a sweep at `now` would delete and what it would leave because it is held; nothing is deleted."""
    standing = holds_in_force(now)
    return [_count_one(one, now, standing) for one in timed_rules()]


def _count_one(timed: Timed, now: datetime, standing: Standing) -> Swept:
    due = timed.due(now)
    if not standing.holds:
        return Swept(timed.rule.key, timed.label, due.count())
    moments = due.values_list(timed.field, flat=True).iterator(BATCH_ROWS)
    is_held = [_is_held(timed, at, standing, now) for at in moments]
    return Swept(timed.rule.key, timed.label, is_held.count(False), is_held.count(True))


def sweep(now: datetime, *, tell: Callable[[Swept], None] = lambda _swept: None) -> list[Swept]:
    """Delete what has reached its age and is not held. Each batch is a transaction: after a sweep that was killed, the
    next one takes the rows that are left.

    tell: called after every batch with the sum so far.
    """
    standing = holds_in_force(now)
    return [_sweep_one(one, now, standing, tell) for one in timed_rules()]


def _sweep_one(timed: Timed, now: datetime, standing: Standing, tell: Callable[[Swept], None]) -> Swept:
    done = Swept(timed.rule.key, timed.label, 0)
    rows, last = timed.due(now), None
    while True:
        ahead = rows if last is None else rows.filter(_after(timed.field, last))
        batch = list(ahead.values_list("pk", timed.field)[:BATCH_ROWS])
        if not batch:
            return done
        free = [pk for pk, at in batch if not _is_held(timed, at, standing, now)]
        if free:
            rows.order_by().filter(pk__in=free).delete()
        held = done.held + len(batch) - len(free)
        done = Swept(done.rule, done.model, done.gone + len(free), held)
        last = batch[-1] if held else None
        tell(done)


def _after(field: str, last: tuple[Any, datetime]) -> models.Q:
    pk, at = last
    return models.Q(**{f"{field}__gt": at}) | models.Q(**{field: at, "pk__gt": pk})


def _is_held(timed: Timed, at: datetime, standing: Standing, now: datetime) -> bool:
    """Whether a hold wants a copy (guard/precedence.py, step 1). Nobody can take one yet, so the row stays."""
    if not standing.holds:
        return False
    uses = frozenset({Use("retention", timedelta(days=timed.rule.days_max or 0))})
    return any(decide(Datum(category, at, uses), standing, now).copies for category in timed.categories)


def _keeps(declaration: declarations.Declaration, rule: Retention) -> bool:
    return any(held.keep == rule.key for held in declaration.personal.values())


def _model_with(label: str, name: str) -> type[models.Model] | None:
    try:
        model = apps.get_model(label)
        model._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):  # ValueError: words, not the label of a model
        return None
    return model
