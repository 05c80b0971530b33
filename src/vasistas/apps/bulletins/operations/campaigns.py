"""Campaigns as staff make them: drafted, tested, started, paused, resumed, cancelled. The worker sends them."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.accounts import outbox
from vasistas.apps.bulletins import letters, rules
from vasistas.apps.bulletins.models import Campaign, Channel, Contact, Send, Suppression, Topic, new_token
from vasistas.apps.bulletins.operations import suppressing
from vasistas.guard.egress import sms
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError, NotFound

AHEAD_MAX = timedelta(days=90)  # a letter planned for later is forgotten
PER_MINUTE_MAX = 100_000  # messages
GROWTH_SHARE_MAX = 0.05  # of what was counted: beyond it, and beyond GROWTH_MAX, it is another audience
GROWTH_MAX = 10  # people
COPY_BITS = 62

# What an audience may ask of follows: only where the topic is about rooms
FOLLOWS = frozenset({"follows_any", "follows_category", "follows_room"})
FOLLOWS_FOR = frozenset({Topic.WEBCAMS})  # the one topic whose consent covers what somebody follows
State = Campaign.State


@dataclass(frozen=True)
class Draft:
    """What staff write. audience: rules.ATTRIBUTES, those that matter. per_minute: messages, 0 without limit."""

    name: str
    topic: str
    channel: str
    subject_line: str = ""
    preheader: str = ""
    body: str = ""
    sms_text: str = ""
    per_minute: int = 0
    audience: Mapping[str, Any] = field(default_factory=dict)


class NotNow(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """The campaign is not in a state that allows this. Nothing is changed."""

    status = 409
    code = "bulletins.not_now"


def unsaved(draft: Draft) -> Campaign:
    """The campaign a draft would be, to be shown. Raises: DomainError: see check_audience."""
    check_audience(draft.audience, draft.topic)
    return Campaign(**_columns(draft), kind=Campaign.Kind.MANUAL)


@processing("bulletins")
def make_draft(*, draft: Draft, made_by: int, at: datetime) -> Campaign:
    """Raises: DomainError: see check_audience."""
    check_audience(draft.audience, draft.topic)
    return Campaign.objects.create(**_columns(draft), kind=Campaign.Kind.MANUAL, made_by_id=made_by, made_at=at)


@processing("bulletins")
def change_draft(*, campaign_id: int, draft: Draft) -> Campaign:
    """Raises: NotNow: it is no draft any more. DomainError: see check_audience."""
    check_audience(draft.audience, draft.topic)
    with transaction.atomic():
        campaign = _taken(campaign_id, {State.DRAFT})
        for name, value in _columns(draft).items():
            setattr(campaign, name, value)
        campaign.save()
    return campaign


def check_audience(audience: Mapping[str, Any], topic: str) -> None:
    """Raises: DomainError: it names what no audience may be built from, or follows for a topic without rooms."""
    if unknown := set(audience) - set(rules.ATTRIBUTES):
        raise DomainError(
            _("An audience may not be built from this: %(names)s.") % {"names": ", ".join(sorted(unknown))},
            code="bulletins.audience_refused",
        )
    if FOLLOWS & set(audience) and topic not in FOLLOWS_FOR:
        raise DomainError(
            _("Follows may choose the readers of webcams and offers alone. Take them out, or change the topic."),
            code="bulletins.audience_refused",
            fields={"follows": _("Not for this topic.")},
        )


@processing("bulletins")
def schedule(*, campaign_id: int, when: datetime, at: datetime) -> Campaign:
    """Send from `when` on. Raises: NotNow. DomainError: it is in the past, or beyond AHEAD_MAX."""
    if not at < when <= at + AHEAD_MAX:
        raise DomainError(
            _("Choose a time from now on, within %(days)d days.") % {"days": AHEAD_MAX.days},
            fields={"when": _("Choose another time.")},
        )
    return _planned(campaign_id, when)


@processing("bulletins")
def start(*, campaign_id: int, counted: int, now_counted: int, at: datetime) -> Campaign:
    """Send now. counted: people as staff read it. now_counted: as it is at this moment.

    Raises: NotNow. DomainError: nobody is there, or many more than were counted.
    """
    if now_counted < 1:
        raise DomainError(_("Nobody would get it: nobody has chosen this topic and way. Widen the audience, or wait."))
    if now_counted - counted > max(GROWTH_MAX, counted * GROWTH_SHARE_MAX):
        raise DomainError(_("The audience has grown since it was counted. Count again, then send."))
    return _planned(campaign_id, at)


@processing("bulletins")
def unschedule(*, campaign_id: int) -> Campaign:
    """Make it a draft again. Raises: NotNow: it is being sent by now."""
    return _moved(campaign_id, {State.SCHEDULED}, State.DRAFT, scheduled_at=None)


@processing("bulletins")
def pause(*, campaign_id: int) -> Campaign:
    """Hand over nothing more, after the message that is being handed over. Raises: NotNow."""
    return _moved(campaign_id, {State.SENDING}, State.PAUSED)


@processing("bulletins")
def resume(*, campaign_id: int) -> Campaign:
    """Raises: NotNow: it does not pause."""
    return _moved(campaign_id, {State.PAUSED}, State.SENDING, why="")


@processing("bulletins")
def cancel(*, campaign_id: int, at: datetime) -> Campaign:
    """End it for good: what waits is not sent; what was handed over cannot be taken back. Raises: NotNow."""
    with transaction.atomic():
        open_states = {State.DRAFT, State.SCHEDULED, State.SENDING, State.PAUSED}
        campaign = _moved(campaign_id, open_states, State.CANCELLED, done_at=at)
        suppressing.cancel(Send.objects.filter(campaign=campaign), because=Send.Because.STOPPED)
    return campaign


@processing("bulletins")
def send_test(*, campaign_id: int, subject_id: int, address: str, language: str) -> None:
    """Send one copy to whoever makes it, and return when the provider took it; its links know nobody. No transaction.

    Args: address: their mail address; a number is that of their own contact.

    Raises: NotFound. DomainError: the text is not fit to be sent, it was not taken, or they must not be written to.
    """
    campaign = Campaign.objects.filter(pk=campaign_id).first()
    if campaign is None:
        raise NotFound(_("There is no such bulletin."))
    by_sms = campaign.channel == Channel.SMS
    place = _own_number(subject_id) if by_sms else rules.normalised(Channel.MAIL, address)
    if Suppression.objects.filter(channel=campaign.channel, index=rules.index_of(campaign.channel, place)).exists():
        raise DomainError(_("You want no bulletins, so not this one either. Take that back in My Account to test."))
    copy = -secrets.randbits(COPY_BITS)  # a number of no send: each copy is a message of its own
    to = letters.Recipient(token=new_token(), address=place, language=language, send_id=copy)
    letter = letters.compose(campaign)
    try:
        if by_sms:
            sms.send(to=place, text=letter.sms_for(to), key=f"test{copy}", subject_id=subject_id)
        else:
            outbox.send_and_wait(letter.message_for(to))
    except (outbox.MailRefused, OSError):
        raise DomainError(_("The mail server did not take it. Try again, or ask who runs the server.")) from None


def _own_number(subject_id: int) -> str:
    mine = Contact.objects.filter(subject_id=subject_id, channel=Channel.SMS, confirmed_at__isnull=False).first()
    if mine is None:
        raise DomainError(_("Prove your own number under Messages in My Account first; the test goes there."))
    return str(mine.address)


def _planned(campaign_id: int, when: datetime) -> Campaign:
    return _moved(campaign_id, {State.DRAFT, State.SCHEDULED}, State.SCHEDULED, scheduled_at=when)


def _moved(campaign_id: int, allowed: Collection[str], state: str, **values: Any) -> Campaign:
    with transaction.atomic():
        campaign = _taken(campaign_id, allowed)
        for name, value in {"state": state, **values}.items():
            setattr(campaign, name, value)
        campaign.save(update_fields=["state", *values])
    return campaign


def _taken(campaign_id: int, allowed: Collection[str]) -> Campaign:
    """Its row, locked until the transaction ends: the worker asks it before each lease."""
    campaign = Campaign.objects.select_for_update().filter(pk=campaign_id).first()
    if campaign is None:
        raise NotFound(_("There is no such bulletin."))
    if campaign.state not in allowed:
        raise NotNow(
            _("This bulletin is in the state “%(state)s” by now. Look at it again.")
            % {"state": campaign.get_state_display()}
        )
    return campaign


def _columns(draft: Draft) -> dict[str, Any]:
    """The columns a draft fills; what belongs to the other channel stays empty."""
    by_mail = draft.channel == Channel.MAIL
    return {
        "name": draft.name,
        "topic": draft.topic,
        "channel": draft.channel,
        "subject_line": draft.subject_line if by_mail else "",
        "preheader": draft.preheader if by_mail else "",
        "body": draft.body if by_mail else "",
        "sms_text": "" if by_mail else draft.sms_text,
        "audience": dict(draft.audience),
        "per_minute": draft.per_minute,
    }
