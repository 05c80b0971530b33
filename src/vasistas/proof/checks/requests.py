"""Clause 9: requests are answered within their month, however they came; restricting and objecting hold at once."""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus

from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.apps.privacy import rules
from vasistas.apps.privacy.forms import EnterForm
from vasistas.apps.privacy.models import UNANSWERED, RightsRequest, Subject
from vasistas.guard import purposes, restriction
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.purposes import processing
from vasistas.proof import canary

OVERDUE_BY = timedelta(days=40)
CAME_BEFORE = timedelta(days=10)


@check(
    "requests.none_is_overdue",
    kind="live",
    words={
        "en": "No request is unanswered after its day: one month, or the extension its person was told of in time.",
        "fr": "Aucune demande n’est sans réponse après son échéance : un mois, ou la prolongation annoncée à temps.",
    },
)
def none_is_overdue(now: datetime) -> Finding:
    unanswered = RightsRequest.objects.filter(state__in=UNANSWERED)
    late = unanswered.filter(due_date__lt=timezone.localdate(now)).count()
    return finding(unanswered.count(), [f"{late} requests"] if late else [])


@counterexample("requests.none_is_overdue")
def leave_one_unanswered(now: datetime) -> None:
    """As a staff that forgets one would: it came, and nobody looked."""
    came = now - OVERDUE_BY
    RightsRequest.objects.create(
        subject=Subject.objects.latest("pk"),
        kind=RightsRequest.Kind.OTHER,
        via=RightsRequest.Via.ACCOUNT,
        received_at=came,
        due_date=timezone.localdate(came) + timedelta(days=31),
        submit_key=uuid.uuid4(),
    )


@check(
    "requests.restricted_is_kept_unused",
    kind="canary",
    words={
        "en": "A member restricts: under every purpose that uses data others find no row of theirs, staff finds no "
        "account; the member still sees it, and lifting brings it back.",
        "fr": "Un membre limite le traitement : sous toute finalité d’usage, nul ne trouve ses lignes ni l’équipe son "
        "compte ; lui les voit encore, et lever la limitation les rend.",
    },
)
def restricted_is_kept_unused(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        vi, line = canaries.vi, canaries.lines[0]
        with canary.arranging():
            said = line.text
        before = _found_anywhere(vi)
        _post(vi, "pages:restrict", {"on": "1"})
        wrong = [f"found for {purpose}" for purpose in _found_anywhere(vi)]
        wrong += ["found by staff"] if _staff_finds(canaries.sam, vi) else []
        own = canary.browser_of(vi).get(reverse("pages:my_category", args=["user.content.chat.public"]))
        wrong += [] if escape(said) in own.text else ["not shown to themselves"]
        _post(vi, "pages:restrict", {"on": "0"})
        wrong += [] if set(_found_anywhere(vi)) == set(before) else ["not brought back"]
    return finding(len(before), wrong, at_least=1)


@counterexample("requests.restricted_is_kept_unused")
def use_restricted_rows(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    restriction.guarded = lambda query: query


@check(
    "requests.objection_stops_the_use",
    kind="canary",
    words={
        "en": "A member objects to staff looking after accounts: at once staff finds no account, and the objection "
        "waits for an answer.",
        "fr": "Un membre s’oppose au suivi des comptes par l’équipe : aussitôt elle ne trouve plus le compte, et "
        "l’opposition attend une réponse.",
    },
)
def objection_stops_the_use(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        vi = canaries.vi
        wrong = [] if _staff_finds(canaries.sam, vi) else ["staff finds nobody beforehand"]
        _post(vi, "pages:object_to_use", {"purpose": "staff", "text": ""})
        wrong += ["found by staff"] if _staff_finds(canaries.sam, vi) else []
        with canary.arranging():
            asked = RightsRequest.objects.filter(subject_id=vi.subject_id, state__in=UNANSWERED).count()
        wrong += [] if asked == 1 else ["no request waits"]
    return finding(1, wrong)


@counterexample("requests.objection_stops_the_use")
def stop_nothing(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    rules.STOPS_AT_ONCE = frozenset()


@check(
    "requests.mail_keeps_its_day",
    kind="canary",
    words={
        "en": "Staff enters a request that came ten days ago by mail: it stands in the queue, and its month runs "
        "from the day it came.",
        "fr": "L’équipe saisit une demande reçue par e-mail il y a dix jours : elle est dans la file, son mois court "
        "du jour de son arrivée.",
    },
)
def mail_keeps_its_day(now: datetime) -> Finding:
    came = timezone.localdate(now) - CAME_BEFORE
    with canary.stage(now) as canaries:
        with canary.arranging():
            address = canaries.vi.email
        browser, told = canary.browser_of(canaries.sam), {"kind": "access", "via": "mail", "is_verified": "on"}
        browser.get(reverse("pages:staff_request_new"))
        letter = {"received": came.isoformat(), "address": address, "text": "What do you hold about me?"}
        browser.post(reverse("pages:staff_request_new"), {**told, **letter, "key": str(uuid.uuid4())})
        with canary.arranging():
            asked = RightsRequest.objects.filter(subject_id=canaries.vi.subject_id, state__in=UNANSWERED).first()
        queue = browser.get(reverse("pages:staff_requests")).text
    wrong = [] if asked and asked.due_date == rules.due_date(came) else ["its clock"]
    wrong += [] if asked and reverse("pages:staff_request", args=[asked.pk]) in queue else ["the queue"]
    return finding(1, wrong)


@counterexample("requests.mail_keeps_its_day")
def count_from_today(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    """A letter that lay for ten days, answered as if it came today."""
    plain = EnterForm.asked
    EnterForm.asked = lambda self, **known: replace(plain(self, **known), received_at=None)  # type: ignore[method-assign]  # the violation


def _found_anywhere(member: Member) -> list[str]:
    """Purposes under which somebody else finds a line of a member."""
    using = [key for key, purpose in purposes.known().items() if restriction.is_guarded(purpose)]
    return [key for key in using if _is_found(member, key)]


def _is_found(member: Member, purpose: str) -> bool:
    with purposes.scope(lambda: purposes.NOBODY), processing(purpose, reason="a canary"):
        return Message.objects.filter(pk__gt=0, author_id=member.pk).values("pk").exists()


def _post(member: Member, name: str, data: dict[str, str]) -> None:
    browser = canary.browser_of(member)
    browser.get(reverse("pages:requests"))
    browser.post(reverse(name), {**data, "key": str(uuid.uuid4())})


def _staff_finds(staff: Member, member: Member) -> bool:
    page = canary.browser_of(staff).get(reverse("admin:accounts_member_change", args=[member.pk]))
    return page.status_code == HTTPStatus.OK
