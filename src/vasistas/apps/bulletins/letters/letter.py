"""A bulletin: composed once, made out to each recipient. Nothing in it tells whether it was opened or clicked.

Headers: RFC 8058 (one-click), RFC 2369 (List-Unsubscribe), RFC 2919 (List-Id), RFC 3834 (Auto-Submitted).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formataddr, formatdate
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from mjml import mjml2html

from vasistas.apps.accounts import outbox
from vasistas.apps.bulletins.letters import markdown
from vasistas.apps.bulletins.letters.markdown import LetterRefused, one_line
from vasistas.apps.bulletins.models import TOKEN_BYTES, Campaign, Channel, Topic
from vasistas.sms import segments

PLACE = secrets.token_urlsafe(TOKEN_BYTES)  # stands for a token; of this process alone, so that no text can name it
SOMEONE = "someone@place.invalid"  # likewise, of the address (RFC 2606)
PLAIN = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")  # an address that needs no encoding
DATE = re.compile(rb"\r\nDate: [^\r]*\r\n")
FORMS_MAX = 4  # letters whose bytes are kept for the next recipient
SEGMENTS_MAX = 3  # of an SMS


@dataclass(frozen=True)
class Recipient:
    """Whom one letter goes to. send_id: what its Message-ID is made from, so that it is the same for a repeat."""

    token: str
    address: str
    language: str
    send_id: int


@dataclass(frozen=True)
class RoomNews:
    """A room in a notice or digest. line: what happened there."""

    title: str
    line: str
    url: str


@dataclass(frozen=True)
class Letter:
    """A letter without its recipient. html, text, sms: with PLACE for the token."""

    topic: str
    subject: str
    html: str
    text: str
    sms: str

    def message_for(self, recipient: Recipient) -> EmailMessage:
        """Return the mail; `from_email` is the return path by which a bounce finds the contact, if mails reach us."""
        token = recipient.token
        mail = EmailMultiAlternatives(
            self.subject,
            self.text.replace(PLACE, token),
            from_email=_return_path(token),
            to=[recipient.address],
            headers={"From": sender(), **_headers(self.topic, recipient)},
        )
        mail.attach_alternative(self.html.replace(PLACE, token), "text/html")
        return mail

    def bytes_for(self, recipient: Recipient) -> tuple[str, bytes]:
        """Return the return path and the mail as it goes over SMTP; made out by replacing, where that is exact."""
        form = _form(self, sender(), _return_path(PLACE)) if PLAIN.fullmatch(recipient.address) else b""
        if not form:
            mail = self.message_for(recipient)
            return str(mail.from_email), outbox.as_bytes(mail)
        for place, said in (
            (PLACE, recipient.token),
            (SOMEONE, recipient.address),
            (message_id("send", 0), message_id("send", recipient.send_id)),
        ):
            form = form.replace(place.encode(), said.encode())
        return _return_path(recipient.token), DATE.sub(b"\r\nDate: " + formatdate().encode() + b"\r\n", form, count=1)

    def sms_for(self, recipient: Recipient) -> str:
        return self.sms.replace(PLACE, recipient.token)


@lru_cache(maxsize=FORMS_MAX)
def _form(letter: Letter, _from: str, _path: str) -> bytes:
    """The bytes of a letter that is made out to nobody yet; nothing: its encoding splits what is to be replaced."""
    mail = letter.message_for(Recipient(PLACE, SOMEONE, "", 0))
    made = outbox.as_bytes(mail)
    texts = (letter.html, letter.text, *mail.extra_headers.values())
    is_whole = (
        made.count(PLACE.encode()) == sum(text.count(PLACE) for text in texts) and made.count(SOMEONE.encode()) == 1
    )
    return made if is_whole else b""


def compose(campaign: Campaign, rooms: Sequence[RoomNews] = ()) -> Letter:
    """Write the letter of a campaign once.

    Raises: LetterRefused: a text cannot be sent as it stands.
    """
    subject = one_line("subject_line", campaign.subject_line) or _neutral(campaign)
    context = {
        "subject": subject,
        "preheader": one_line("preheader", campaign.preheader),
        "rooms": rooms,
        "topic": Topic(campaign.topic).label,
        "is_manual": campaign.kind == Campaign.Kind.MANUAL,
        "links": links(PLACE),
        "operator": settings.OPERATOR,
        "sender": settings.SENDER_NAME,
        "public_url": settings.PUBLIC_URL,
    }
    if campaign.channel == Channel.SMS:
        return Letter(campaign.topic, subject, "", "", _sms(campaign, rooms))
    markup = render_to_string("bulletins/letter.mjml", context | {"body": markdown.as_html(campaign.body)})
    html = mjml2html(markup, fonts={})  # by default it fetches typefaces from afar
    text = render_to_string("bulletins/letter.txt", context | {"body": markdown.as_text(campaign.body)})
    return Letter(campaign.topic, subject, html, text.strip() + "\n", "")


def preview(campaign: Campaign, rooms: Sequence[RoomNews] = ()) -> tuple[str, str]:
    """HTML and text as somebody would get them, with links that lead to nobody's page; of an SMS the text alone.

    Raises: LetterRefused.
    """
    letter = compose(campaign, rooms)
    return (letter.html, letter.text) if campaign.channel == Channel.MAIL else ("", letter.sms)


def sender() -> str:
    """Who stands in From: a neutral name, for it shows on lock screens."""
    return formataddr((one_line("name", settings.SENDER_NAME), settings.OPERATOR.mail))


def links(token: str) -> dict[str, str]:
    """Where a recipient chooses, and where they stop."""
    return {
        "preferences": settings.PUBLIC_URL + reverse("pages:preferences", args=[token]),
        "stop": settings.PUBLIC_URL + reverse("pages:stop_bulletins", args=[token]),
    }


def message_id(kind: str, number: int) -> str:
    """The same for a repeat, and a number of nobody (RFC 5322, 3.6.4)."""
    said = hmac.new(settings.SECRET_KEY.encode(), f"{kind}|{number}".encode(), hashlib.sha256).hexdigest()
    return f"<{said[:32]}@{_domain()}>"


def _neutral(campaign: Campaign) -> str:
    if campaign.kind == Campaign.Kind.LIVE:
        return _("Something you follow has begun")
    return _("News of what you follow") if campaign.kind == Campaign.Kind.DIGEST else _("News")


def _headers(topic: str, recipient: Recipient) -> dict[str, str]:
    token, stop = recipient.token, links(recipient.token)["stop"]
    ways, headers = [f"<{stop}>"], {}
    if settings.MAIL_IN_DOMAIN:
        ways.append(f"<mailto:unsubscribe+{token}@{settings.MAIL_IN_DOMAIN}>")
        headers["Reply-To"] = f"reply+{token}@{settings.MAIL_IN_DOMAIN}"
    return headers | {
        "Message-ID": message_id("send", recipient.send_id),
        "List-Unsubscribe": ", ".join(ways),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"<{topic}.bulletins.{_domain()}>",
        "Auto-Submitted": "auto-generated",
        "Precedence": "bulk",
    }


def _return_path(token: str) -> str:
    return f"bounce+{token}@{settings.MAIL_IN_DOMAIN}" if settings.MAIL_IN_DOMAIN else settings.OPERATOR.mail


def _domain() -> str:
    return settings.MAIL_IN_DOMAIN or urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def _sms(campaign: Campaign, rooms: Sequence[RoomNews]) -> str:
    said = campaign.sms_text.strip() or (
        _("Something you follow has begun: %(url)s") % {"url": rooms[0].url} if rooms else ""
    )
    end = _("Reply STOP to end, or %(url)s") % {"url": links(PLACE)["stop"]}
    text = f"{said}\n{settings.OPERATOR.name}. {end}"
    if segments.count(text) > SEGMENTS_MAX:
        words = _("This is too long: with the lines beneath it takes more than %(count)d messages. Shorten it.")
        raise LetterRefused(words % {"count": SEGMENTS_MAX}, fields={"sms_text": words % {"count": SEGMENTS_MAX}})
    return text
