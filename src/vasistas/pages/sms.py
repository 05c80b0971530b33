"""The embedded outbox of SMS, as telephones that can answer."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vasistas import sms
from vasistas.apps.bulletins.operations import texting
from vasistas.lib.errors import NotFound
from vasistas.sms import segments
from vasistas.sms.outbox import Outbox
from vasistas.sms.port import Incoming

ANSWER_CHARS_MAX = 160  # of one SMS without parts
WEBHOOKS = ("bulletins:sms_incoming", "bulletins:sms_status")


@dataclass(frozen=True)
class Text:
    """One SMS. segments: what it is sent in, and what a provider would charge for."""

    at: datetime
    text: str
    is_ours: bool
    segments: int


@dataclass(frozen=True)
class Phone:
    """One telephone. newest: the name of its newest message, by which a form names it. texts: oldest first."""

    number: str
    newest: str
    texts: list[Text]


class AnswerForm(forms.Form):
    message = forms.CharField(max_length=40, widget=forms.HiddenInput)
    text = forms.CharField(max_length=ANSWER_CHARS_MAX, label=gettext_lazy("Answer as this telephone"))


def outbox() -> Outbox:
    """Raises: NotFound: this site has no embedded outbox."""
    port = sms.get_port()
    if not isinstance(port, Outbox):
        raise NotFound(_("This site has no outbox of SMS: its provider sends them."))
    return port


def phones() -> list[Phone]:
    """Every telephone with a message in the outbox, the one with the newest first; none without an outbox."""
    if not sms.is_on() or not isinstance(sms.get_port(), Outbox):
        return []
    found: dict[str, Phone] = {}
    for one in outbox().latest():
        at = datetime.fromtimestamp(one.at, tz=UTC)
        phone = found.setdefault(one.number, Phone(one.number, one.name, []))
        phone.texts.insert(0, Text(at, one.text, one.is_ours, segments.count(one.text)))
    return list(found.values())


def addresses() -> list[str]:
    """Where the provider calls us."""
    name = sms.get_port().name if sms.is_on() else ""
    return [settings.PUBLIC_URL + reverse(webhook, args=[name]) for webhook in WEBHOOKS] if name else []


def answer(*, message: str, text: str) -> None:
    """Answer as the telephone that got this message. It goes the way of a real one: as a signed call of the provider.

    Raises: NotFound: the message is gone.
    """
    box = outbox()
    found = box.get(message)
    if found is None:
        raise NotFound(_("This message is gone. Look at the page again."))
    box.note_answer(found.number, text)
    url = settings.PUBLIC_URL + reverse("bulletins:sms_incoming", args=[box.name])
    headers, body = box.called(Incoming(sender=found.number, text=text), url)
    texting.receive(provider=box.name, headers=headers, url=url, body=body, at=timezone.now())
