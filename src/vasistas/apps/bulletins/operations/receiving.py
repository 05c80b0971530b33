"""Mail comes in: whoever refuses has refused, what bounced is noted, and what somebody asks reaches the staff."""

import re
import uuid
from contextlib import suppress
from datetime import datetime

from django.conf import settings
from django.utils.crypto import salted_hmac

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import TOKEN_CHARS, Channel
from vasistas.apps.bulletins.operations.feedback import note_bounce, note_complaint
from vasistas.apps.bulletins.operations.refusing import refuse_address, refuse_token
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import REQUEST_CHARS_MAX, Consent, RightsRequest
from vasistas.guard.purposes import processing
from vasistas.guard.subjects import SubjectGone
from vasistas.inbound import Kind, Mail, Refused
from vasistas.lib import limits
from vasistas.lib.errors import DomainError, LimitReached

BOUNCE, UNSUBSCRIBE, REPLY = "bounce", "unsubscribe", "reply"
REFUSAL_CHARS_MAX = 300  # a longer letter that refuses also asks something: staff reads it too
LETTERS_MAX = 10  # that become requests, of one sender in a day
LETTERS_OF_ALL_MAX = 300  # of everyone in a day
DAY_S = 24 * 3600

_WAY = re.compile(rf"((?i:{BOUNCE}|{UNSUBSCRIBE}|{REPLY}))\+([A-Za-z0-9_-]{{{TOKEN_CHARS}}})\Z")


def address_for(way: str, token: str) -> str:
    """The address of ours that leads back to one contact; way: BOUNCE, UNSUBSCRIBE, REPLY."""
    return f"{way}+{token}@{settings.MAIL_IN_DOMAIN}"


def is_ours(address: str) -> bool:
    """Whether mails to an address are taken: of a contact, known or not, or the operator's own."""
    return _is_operator(address) or _way_of(address) != ("", "")


def take(mail: Mail, *, at: datetime) -> None:
    """Do what a mail says, before its server is answered.

    Raises: Refused: with a sentence for its sender. A token that nobody has, and what a machine wrote, change nothing.
    """
    way, token = _way_of(mail.to)
    if mail.kind is Kind.BOUNCE:
        note_bounce(token=token, hard=mail.is_hard, at=at)
    elif mail.kind is Kind.COMPLAINT:
        _complain(mail, token, at)
    elif way == UNSUBSCRIBE:  # whoever writes there refuses, whatever the mail says; programs do it for people
        _refuse(mail, token, at)
    elif mail.kind is Kind.LETTER and not _is_our_own(mail.sender):
        _read(mail, token, at)


def _way_of(address: str) -> tuple[str, str]:
    local, _at, domain = address.rpartition("@")
    found = _WAY.match(local)
    if found is None or not settings.MAIL_IN_DOMAIN or domain.lower() != settings.MAIL_IN_DOMAIN:
        return "", ""
    return found[1].lower(), found[2]


def _is_operator(address: str) -> bool:
    return bool(address) and address.casefold() == settings.OPERATOR.mail.casefold()


def _is_our_own(sender: str) -> bool:
    """Whether it is a mail of the site itself, which came back."""
    return _is_operator(sender) or _way_of(sender) != ("", "")


def _complain(mail: Mail, token: str, at: datetime) -> None:
    """A token names the mail that was complained about. An address alone may be anybody's guess: it objects, which
    its owner can take back.
    """
    known = [note_complaint(token=one, at=at) for one in dict.fromkeys([token, *mail.tokens]) if one]
    if not any(known):
        for address in mail.addresses:
            _refuse_address(address, at)


def _refuse(mail: Mail, token: str, at: datetime) -> None:
    if not (token and refuse_token(token=token, source=Consent.Source.MAIL, at=at)):
        _refuse_address(mail.sender, at)


def _refuse_address(address: str, at: datetime) -> None:
    with suppress(rules.AddressRefused):
        refuse_address(channel=Channel.MAIL, address=address, source=Consent.Source.MAIL, at=at)


def _read(mail: Mail, token: str, at: datetime) -> None:
    if mail.refuses:
        _refuse(mail, token, at)
        if token or len(mail.text) <= REFUSAL_CHARS_MAX:
            return
    if token:
        raise Refused(
            550,
            f"5.7.1 Nobody reads answers to this letter. Answer with the word unsubscribe to get no more, "
            f"or write to {settings.OPERATOR.mail}.",
        )
    _ask(mail, at)


def _ask(mail: Mail, at: datetime) -> None:
    """Enter what somebody writes to the privacy address as a request, unproven; the same mail twice is one request."""
    text = _text_of(mail)
    key = _key_of(mail)
    with processing("requests", reason="a mail to the privacy address"):
        if RightsRequest.objects.filter(submit_key=key).exists():
            return
        _limit(mail.sender, at)
        subject_id = accounts.subject_of_address(mail.sender)
        asked = privacy.Asked(
            RightsRequest.Kind.OTHER,
            RightsRequest.Via.MAIL,
            text=text,
            address=mail.sender if subject_id is None else "",
            is_verified=False,
            submit_key=key,
        )
        try:
            privacy.open_request(subject_id=subject_id, asked=asked, at=at)
        except SubjectGone:
            raise Refused(550, "5.7.1 This account is being erased; nothing can be asked about it any more.") from None
        except DomainError:
            raise Refused(
                452, "4.5.3 Too many of your requests are open. Wait for an answer, then write again."
            ) from None


def _text_of(mail: Mail) -> str:
    if not mail.sender:
        raise Refused(550, "5.6.0 Your mail names no address to answer to. Give one in the line From.")
    if not mail.is_whole:
        raise Refused(554, "5.6.0 Your mail cannot be read. Send it again as plain text.")
    pieces = [mail.subject, mail.whole, f"[{mail.files} files were not kept.]" if mail.files else ""]
    text = "\n\n".join(piece for piece in pieces if piece)
    if not text:
        raise Refused(554, "5.6.0 Your mail is empty. Write what you ask for.")
    if len(text) > REQUEST_CHARS_MAX:
        raise Refused(552, f"5.3.4 Your letter is too long. Send it again with at most {REQUEST_CHARS_MAX} characters.")
    return text


def _key_of(mail: Mail) -> uuid.UUID:
    """The same for the same mail, which a server sends again when it missed the answer; keyed, so it tells nothing."""
    told = f"{mail.sender}\n{mail.message_id}\n{mail.subject}\n{mail.whole}"
    return uuid.UUID(bytes=salted_hmac("bulletins.receiving", told, algorithm="sha256").digest()[:16])


def _limit(sender: str, at: datetime) -> None:
    now = at.timestamp()
    try:
        limits.hit("inbound.letters", sender, limit=LETTERS_MAX, per_s=DAY_S, now=now)
        limits.hit("inbound.letters", "", limit=LETTERS_OF_ALL_MAX, per_s=DAY_S, now=now)
    except LimitReached:
        raise Refused(451, "4.7.1 Too many letters today. Send it again tomorrow.") from None
