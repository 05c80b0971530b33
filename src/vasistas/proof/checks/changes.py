"""Clause M: who may change the policy, who hears of it before, and what is spared."""

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.apps.privacy import queries
from vasistas.guard.conformance.registry import Finding, NotProven, check, counterexample, finding
from vasistas.guard.policy import approvals, get_policy, limits, versions
from vasistas.guard.policy.differences import between
from vasistas.guard.policy.model import Policy
from vasistas.guard.reads.models import SigningKey
from vasistas.proof import scene
from vasistas.proof.checks.retention import GRACE, timed_rules

NOTICE = timedelta(days=versions.NOTICE_DAYS)


@check(
    "policy.rules_change_by_two",
    kind="crypto",
    words={
        "en": "Each version from the second on shows two approvals of exactly its files, signed by this site.",
        "fr": "Chaque version dès la deuxième porte deux approbations d’exactement ses fichiers, signées par ce site.",
    },
)
def rules_change_by_two(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    numbers = _released()
    ours = {bytes(public) for public in SigningKey.objects.values_list("public", flat=True)}
    wrong = []
    for number in numbers[1:]:
        try:
            found = versions.approvals_of(settings.POLICY, number)
        except approvals.Unapproved as why:
            wrong.append(f"version {number}: {why}")
        else:
            wrong += [] if found.public_key in ours else [f"version {number}: another site signed its approvals"]
    return finding(len(numbers), wrong, at_least=1)


@counterexample("policy.rules_change_by_two")
def release_alone(now: datetime) -> None:
    _lengthen_chat()
    number = scene.release(now).version
    signed = settings.POLICY / versions.FOLDER / str(number) / approvals.FILE
    signed.write_text(re.sub(r'"reference": "[^"]*"', '"reference": "one"', signed.read_text()))


@check(
    "policy.widening_is_told",
    kind="live",
    words={
        "en": "Every member who was there when a widening was released was told at least 30 days before its day.",
        "fr": "Chaque membre présent lors de la publication d’un élargissement l’a appris au moins 30 jours avant.",
    },
)
def widening_is_told(now: datetime) -> Finding:
    numbers, counted, wrong = _released(), 0, []
    for policy, released_at in _widenings():
        due = datetime.combine(policy.effective, time.min, UTC) - NOTICE
        wrong += [] if released_at <= due else [f"version {policy.version}: released too late"]
        if now < due:
            continue  # mails are still going out
        members = accounts.reachable_members(joined_before=released_at)
        in_time = queries.told_by(policy.version, due).values("subject_id")
        counted += members.count()
        late = members.exclude(subject_id__in=in_time).count()
        wrong += [f"version {policy.version}: {late} members"] if late else []
    return finding(len(numbers) + counted, wrong, at_least=1)


@counterexample("policy.widening_is_told")
def tell_nobody(now: datetime) -> None:
    Member.objects.update(date_joined=now - timedelta(days=90))
    _lengthen_chat()
    scene.release(now - timedelta(days=40), _tomorrow(now))


@check(
    "policy.longer_period_spares_older_rows",
    kind="live",
    words={
        "en": "No row from before a period was lengthened is older than the shorter period allows.",
        "fr": "Aucune ligne d’avant l’allongement d’un délai ne dépasse le délai plus court.",
    },
)
def longer_period_spares_older_rows(now: datetime) -> Finding:
    counted, wrong = 0, []
    for rule, model, name in timed_rules():
        counted += 1
        for span in limits.spans_of(rule.key)[:-1]:
            if span.limit is None or span.until is None:
                continue
            rows = model._base_manager.filter(**{f"{name}__lt": min(span.until, now - span.limit - GRACE)})  # noqa: SLF001 — documented by Django
            late = (rows.filter(**{f"{name}__gte": span.since}) if span.since else rows).count()
            wrong += [f"{rule.key}: {late} rows of {model._meta.label}"] if late else []
    return finding(counted, wrong, at_least=1)


@counterexample("policy.longer_period_spares_older_rows")
def keep_older_rows_longer(now: datetime) -> None:
    _lengthen_chat()
    scene.release(now - timedelta(days=40), _tomorrow(now))
    newest = Message.objects.latest("pk").pk
    Message.objects.filter(pk=newest).update(said_at=now - timedelta(days=35))


def _released() -> list[int]:
    """Raises: NotProven: nothing has been released yet."""
    numbers = versions.history(settings.POLICY)
    if not numbers:
        raise NotProven("No version has been released yet.")
    return numbers


def _widenings() -> Iterator[tuple[Policy, datetime]]:
    """Each released version that widens, with the moment of its release."""
    every = [one for number in _released() if (one := versions.get_version(settings.POLICY, number))]
    for before, after in itertools.pairwise(every):
        if between(before, after, after.languages[0]).widenings:
            try:
                yield after, versions.approvals_of(settings.POLICY, after.version).released_at
            except approvals.Unapproved:
                continue  # rules_change_by_two says so


def _tomorrow(now: datetime) -> date:
    return max(now.date() + timedelta(days=1), get_policy().effective)


def _lengthen_chat() -> None:
    """Write a draft that keeps the chat for twice as long."""
    file, days = settings.POLICY / "policy.toml", get_policy().retention["room_chat"].days_max
    text = file.read_text()
    start = text.index("[retention.room_chat]")
    end = text.index("\n[", start)
    part = re.sub(rf"\b{days}\b", str(2 * (days or 1)), text[start:end])
    file.write_text(text[:start] + part + text[end:])
