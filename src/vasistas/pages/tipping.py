"""Tips on the page of a room: what the panel shows, and what the chat allows beside a tip."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat import queries as chat
from vasistas.apps.chat import rules as chat_rules
from vasistas.apps.chat.queries import speaking
from vasistas.apps.chat.text import holds_address, normalise
from vasistas.apps.rooms.models import Room
from vasistas.apps.tips import queries, rules
from vasistas.apps.tips.models import TEXT_CHARS_MAX, Goal, MenuItem
from vasistas.apps.tips.operations import TipRefused
from vasistas.apps.tips.queries import Given
from vasistas.apps.wallet import queries as wallet
from vasistas.apps.wallet.templatetags.wallet_tags import SIGNS
from vasistas.guard.purposes import processing

RAW_CHARS_MAX = 10 * TEXT_CHARS_MAX  # before normalising; more is not worth the work
# Where somebody changes what kept them from paying.
WAYS_OUT = {
    "wallet.paying_off": "pages:money",
    "wallet.not_enough": "pages:money",
    "wallet.paused": "pages:limits",
    "wallet.over_limit": "pages:limits",
}


@dataclass(frozen=True)
class Panel:
    """All that pages/_tips.html shows. balance: minor units, None for visitors. key: of the form."""

    goal: Goal | None
    menu: list[MenuItem]
    latest: list[Given]
    can_tip: bool
    is_host: bool
    has_desk: bool
    balance: int | None
    key: str
    latest_max: int = queries.LATEST
    shows_times: bool = False
    quick: tuple[int, ...] = rules.QUICK
    chars_max: int = TEXT_CHARS_MAX

    @property
    def blank(self) -> Given:
        """What rows that come later are copied from."""
        return Given(0, "", "", 0, "", "", datetime.min)  # noqa: DTZ901 — never shown

    @property
    def is_shown(self) -> bool:
        """Nothing to show in a room that asks for nothing and is not on air."""
        return bool(self.goal or self.menu or self.can_tip or self.latest)

    @property
    def credit_min(self) -> int:
        return -(-rules.AMOUNT_MIN // settings.CREDIT_MINOR)

    @property
    def credit_max(self) -> int:
        return int(rules.AMOUNT_MAX // settings.CREDIT_MINOR)

    @property
    def credit_minor(self) -> int:
        return int(settings.CREDIT_MINOR)

    @property
    def sign(self) -> str:
        return SIGNS.get(settings.CURRENCY, f"{settings.CURRENCY} ")


@processing("wallet")
def panel_for(room: Room, request: HttpRequest, *, is_desk: bool = False) -> Panel:
    """is_desk: with all tips of 24 hours, DESK_TIPS_MAX at most, and their times, on air or not."""
    member = request.user if isinstance(request.user, Member) else None
    at = timezone.now()
    latest_max = queries.DESK_TIPS_MAX if is_desk else queries.LATEST
    return Panel(
        goal=queries.goal_of(room),
        menu=queries.menu_of(room),
        latest=queries.latest(room, at - queries.DAY, limit=latest_max) if room.is_on_air or is_desk else [],
        latest_max=latest_max,
        shows_times=is_desk,
        can_tip=room.is_on_air and (member is None or rules.can_tip(member, room)),
        is_host=member is not None and member.pk == room.host.member_id,
        has_desk=member is not None and has_desk(room, member, at),
        balance=wallet.balance_of(member.subject_id) if member else None,
        key=secrets.token_hex(16),
    )


@processing("wallet")
def snapshot(room: Room) -> dict[str, Any]:
    """What a page that missed events needs of tips."""
    latest = queries.latest(room, timezone.now() - queries.DAY) if room.is_on_air else []
    return {"goal": queries.goal_as_wire(queries.goal_of(room)), "latest": [one.wire() for one in latest]}


@processing("chat")
def has_desk(room: Room, member: Member, at: datetime) -> bool:
    return chat.standing_of(room, member, at).has_desk


@processing("chat")
def words_beside(room: Room, member: Member, raw: str, at: datetime) -> str:
    """The message of a tip: who may not chat here says nothing with a tip either.

    Raises: TipRefused: nothing was paid; the message says why.
    """
    words = normalise(raw) if len(raw) <= RAW_CHARS_MAX else raw
    if not words:
        return ""
    chat_settings = chat.settings_of(room)
    standing = chat.standing_of(room, member, at, chat_settings)
    if refusal := chat_rules.refusal_to_say(standing, chat_settings, at):
        told = _("%(why)s Leave the message empty to tip without words.")
        raise TipRefused(told % {"why": speaking.refusal_words(refusal, standing, at)}, code=str(refusal))
    if holds_address(words) and not chat_rules.can_post_links(standing, chat_settings):
        raise TipRefused(_("Links are off in this chat."), code="chat.links_refused")
    return words


def way_out(code: str) -> str:
    """The page where somebody changes what kept them from paying, or "" where it is not of the wallet."""
    return reverse(WAYS_OUT[code]) if code in WAYS_OUT else ""
