"""What has reached its age is gone: one check over every retention rule that counts from a field of the database."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from vasistas.apps.chat.models import Message
from vasistas.guard import declarations
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Retention

SWEEP_EVERY = timedelta(hours=1)
GRACE = 2 * SWEEP_EVERY  # a sweep may be running, or have failed once

# Of these, only some rows fall under the rule.
ONLY: dict[str, dict[str, Any]] = {
    "unproven_account": {
        "emailaddress__isnull": False,
        "emailaddress__verified": False,
        "last_login__isnull": True,
        "is_staff": False,
    },
}
# Of these, a field holds the end of the period; its beginning stands in no field.
ENDS = {"session": "sessions.Session.expire_date"}


@check(
    "retention.nothing_outlives_its_time",
    kind="live",
    words={
        "en": "No row is older than its retention rule allows: chat, viewing, sessions and the others.",
        "fr": "Aucune ligne ne dépasse sa durée de conservation : messages, visionnage, sessions et autres.",
    },
)
def nothing_outlives_its_time(now: datetime) -> Finding:
    counted, wrong = 0, []
    for rule, model, name in timed_rules():
        rows = _rows(rule, model)
        counted += rows.count()
        days = 0 if rule.key in ENDS else rule.days_max or 0
        late = rows.filter(**{f"{name}__lt": now - timedelta(days=days) - GRACE}).count()
        if late:
            wrong.append(f"{rule.key}: {late} rows of {model._meta.label}")
    return finding(counted, wrong)


@counterexample("retention.nothing_outlives_its_time")
def leave_an_old_line(now: datetime) -> None:
    newest = Message.objects.latest("pk").pk
    Message.objects.filter(pk=newest).update(said_at=now - timedelta(days=31))


@check(
    "chat.old_is_gone",
    kind="live",
    words={
        "en": "No line of chat is older than 30 days.",
        "fr": "Aucun message n’a plus de 30 jours.",
    },
)
def old_chat_is_gone(now: datetime) -> Finding:
    late = Message.objects.filter(said_at__lt=now - timedelta(days=_days("room_chat")) - GRACE).count()
    return finding(Message.objects.count(), [f"{late} rows of chat.Message"] if late else [])


counterexample("chat.old_is_gone")(leave_an_old_line)


def _days(key: str) -> int:
    days = get_policy().retention[key].days_max
    assert days is not None  # noqa: S101 — the policy test of this key says so
    return days


def timed_rules() -> Iterator[tuple[Retention, type[models.Model], str]]:
    """The rules in days whose `after` names a field, of one model or of all that keep something by the rule:
    (rule, model, name of the field).
    """
    for rule in get_policy().retention.values():
        label, _, name = ENDS.get(rule.key, rule.after).rpartition(".")
        labels = [label] if label else [one for one, held in declarations.declarations().items() if _keeps(held, rule)]
        for model in (_model_with(one, name) for one in labels if rule.days_max is not None):
            if model is not None:
                yield rule, model, name


def _keeps(declaration: declarations.Declaration, rule: Retention) -> bool:
    return any(held.keep == rule.key for held in declaration.personal.values())


def _model_with(label: str, name: str) -> type[models.Model] | None:
    try:
        model = apps.get_model(label)
        model._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):  # ValueError: words, not the label of a model
        return None
    return model


def _rows(rule: Retention, model: type[models.Model]) -> "models.QuerySet[Any]":
    rows: models.QuerySet[Any] = models.QuerySet(model)
    return rows.filter(**ONLY[rule.key]) if rule.key in ONLY else rows
