"""What telephones answer, and what became of an SMS: calls of the provider, verified by its port."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from vasistas import sms
from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import Campaign, Channel, Send, Suppression
from vasistas.apps.bulletins.operations import feedback
from vasistas.apps.bulletins.operations.refusing import refuse, refuse_address
from vasistas.apps.bulletins.operations.suppressing import suppress
from vasistas.apps.privacy.models import Consent
from vasistas.guard.purposes import processing
from vasistas.lib import limits
from vasistas.lib.errors import LimitReached
from vasistas.sms.outbox import Outbox
from vasistas.sms.port import Answer, Status

HELPS_PER_DAY = 5  # to one number: two machines must not help each other forever
WORDS_READ_MAX = 200  # characters of a text that are looked at
STOP_ALONE = frozenset({"cancel", "end", "quit", "fin", "annuler", "revoke"})  # as the whole text
STOP_FIRST = frozenset(  # as its first word
    {"stop", "stopall", "stopp", "unsubscribe", "optout", "arret", "arreter", "arretez", "desabonner", "abmelden"}
)
HELP = frozenset({"help", "info", "aide", "hilfe"})
_KEY = re.compile(r"send-([0-9]{1,18})")


def key_of(send_id: int) -> str:
    """The key by which a send's SMS is known to the provider: its status comes back with it."""
    return f"send-{send_id}"


def means_stop(text: str) -> bool:
    """Whether an SMS says that nothing must come any more. Words as CTIA and the providers have them, and French."""
    words = _words(text)
    return bool(words) and (words[0] in STOP_FIRST or (len(words) == 1 and words[0] in STOP_ALONE))


@processing("subscriptions")
def receive(*, provider: str, headers: Mapping[str, str], url: str, body: bytes, at: datetime) -> Answer:
    """Take what telephones wrote, and return how the provider's call is answered. The same again does no more.

    Raises: NotFound: we have no such provider. CallForged.
    """
    port = sms.get_port(provider)
    answer = port.answer("", "")
    for said in port.incoming(headers, url, body):
        if words := take(sender=said.sender, text=said.text, at=at):
            answer = port.answer(said.sender, words)
    return answer


@processing("subscriptions")
def take(*, sender: str, text: str, at: datetime) -> str:
    """Object for whoever wrote STOP, known to us or not; return what to answer, "" for nothing. A text is not kept."""
    try:
        number = rules.normalised(Channel.SMS, sender)
    except rules.AddressRefused:  # a short number, a name
        return ""
    if means_stop(text):
        source, reason = Consent.Source.SMS, Suppression.Reason.STOPPED
        refuse_address(channel=Channel.SMS, address=number, source=source, at=at, reason=reason)
        return ""  # the network or the provider confirms it; one more SMS would be one too many
    if _words(text) and _words(text)[0] in HELP:
        return _help(number, at)
    return ""


@processing("subscriptions")
def receive_status(*, provider: str, headers: Mapping[str, str], url: str, body: bytes, at: datetime) -> bool:
    """Note what became of an SMS; False: it is of none that we know.

    Raises: NotFound: we have no such provider. CallForged.
    """
    return note_status(told=sms.get_port(provider).status(headers, url, body), at=at)


@processing("subscriptions")
def note_status(*, told: Status, at: datetime) -> bool:
    """Write a status down once; what comes late, again or out of order changes nothing. Locks: the send's row."""
    with transaction.atomic():
        send = _send_of(told, at)
        if send is None:
            return False
        if told.state == "handed":
            _clear_up(send)
        elif told.state == "delivered":
            feedback.note_delivered(reference=told.provider_ref, at=at)
        elif told.state in {"unreachable", "nobody"}:
            feedback.note_bounce(reference=told.provider_ref, hard=told.state == "nobody", at=at)
        else:
            feedback.note_failed(reference=told.provider_ref, at=at)
        if told.state == "stopped":
            note_stopped(subject_id=send.subject_id, index=send.contact.index, at=at)
    return True


@processing("subscriptions")
def note_stopped(*, subject_id: int, index: str, at: datetime) -> None:
    """The provider says that this number has answered STOP: the same as if it had reached us (see `take`)."""
    with transaction.atomic():
        suppress(channel=Channel.SMS, index=index, reason=Suppression.Reason.STOPPED, at=at)
        refuse(subject_id=subject_id, source=Consent.Source.SMS, at=at)


@processing("subscriptions")
def note_unknown(*, index: str, at: datetime) -> None:
    """The provider says that no telephone has this number."""
    suppress(channel=Channel.SMS, index=index, reason=Suppression.Reason.BOUNCED, at=at)


def forget_texts(_at: datetime) -> int:
    """Delete what is old in the outbox, where this site has one; return how many. For the hourly sweep."""
    port = sms.get_port() if sms.is_on() else None
    return port.forget_old() if isinstance(port, Outbox) else 0


def _send_of(told: Status, at: datetime) -> Send | None:
    """By the provider's number of it; or by our key, when the status is faster than we noted that number, or when it
    was never learnt: it is noted now.
    """
    sends = Send.objects.select_for_update(of=("self",)).select_related("contact")
    sends = sends.only("state", "campaign", "subject", "contact__index").filter(campaign__channel=Channel.SMS)
    if not told.provider_ref:
        return None
    if send := sends.filter(provider_ref=told.provider_ref).first():
        return send
    found = _KEY.fullmatch(told.key)
    send = sends.filter(pk=int(found[1]), provider_ref="", state__in=feedback.OUT).first() if found else None
    if send is not None:
        Send.objects.filter(pk=send.pk).update(provider_ref=told.provider_ref, handed_at=Coalesce(F("handed_at"), at))
    return send


def _clear_up(send: Send) -> None:
    """What was unclear was sent after all. What is being handed over, is told by whoever does it."""
    if Send.objects.filter(pk=send.pk, state=Send.State.UNCLEAR).update(state=Send.State.HANDED):
        counts = {"unclear": Greatest(F("unclear") - 1, 0), "handed": F("handed") + 1}
        Campaign.objects.filter(pk=send.campaign_id).update(**counts)


def _help(number: str, at: datetime) -> str:
    index = rules.index_of(Channel.SMS, number)
    try:
        limits.hit("bulletins.sms_help", index, limit=HELPS_PER_DAY, per_s=24 * 3600, now=at.timestamp())
    except LimitReached:
        return ""
    known = {"name": settings.OPERATOR.name, "mail": settings.OPERATOR.mail, "phone": settings.OPERATOR.phone}
    return _("%(name)s. %(mail)s, %(phone)s. To end all SMS, answer STOP.") % known


def _words(text: str) -> list[str]:
    """In small letters, without accents and punctuation: «Arrêt!» is arret."""
    plain = unicodedata.normalize("NFKD", text[:WORDS_READ_MAX]).casefold()
    return re.findall(r"[^\W_]+", "".join(letter for letter in plain if not unicodedata.combining(letter)))
