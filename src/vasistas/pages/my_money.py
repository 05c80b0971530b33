"""What the pages of one's own money show: the balance on every page, the switch, the history, where one pays."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import queries as privacy
from vasistas.apps.wallet import queries as wallet
from vasistas.apps.wallet.models import Entry
from vasistas.apps.wallet.operations import CONSENT
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.lib.numbers import whole
from vasistas.pages import consent_page, live


@dataclass(frozen=True)
class Shown:
    """What the header shows. minor: the balance. realtime: of a page that has none of its own."""

    minor: int
    realtime: dict[str, Any]


def in_header(request: HttpRequest) -> Shown | None:
    """The balance of a member with the switch on, for every page; None for all others."""
    member = getattr(request, "user", None)
    if not isinstance(member, Member) or not is_on(member.subject_id):
        return None
    listening = live.page(channels_of(member), snapshot_url=reverse("pages:balance"))
    with processing("wallet"):
        return Shown(wallet.balance_of(member.subject_id), listening)


def is_on(subject_id: int) -> bool:
    return privacy.may(subject_id, CONSENT, at=timezone.now())


def channels_of(member: Member) -> list[str]:
    return [f"member:{member.pk}"]


def switch(subject_id: int, language: str) -> consent_page.Switch:
    """The switch of paying, as it stands on the page of consents."""
    policy, choices = get_policy(), privacy.choices_of(subject_id, at=timezone.now())
    return next(one for one in consent_page.switches(policy, choices, language) if one.words.key == CONSENT)


@dataclass(frozen=True)
class History:
    """A page of lines, the newest first. older: the number to go on from, None at the end."""

    lines: list[Entry]
    older: int | None


def history(subject_id: int, before: str | None) -> History:
    account = wallet.find_account(subject_id)
    if account is None:
        return History([], None)
    lines = wallet.lines_of(account, before=whole(before or ""))
    return History(lines, lines[-1].pk if len(lines) == wallet.LINES_PER_PAGE else None)
