"""Mail comes in: whoever refuses has refused, and what bounced is noted."""

import re
from contextlib import suppress
from datetime import datetime

from django.conf import settings

from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import TOKEN_CHARS, Channel
from vasistas.apps.bulletins.operations.feedback import note_bounce, note_complaint
from vasistas.apps.bulletins.operations.refusing import refuse_address, refuse_token
from vasistas.apps.privacy.models import Consent
from vasistas.inbound import Kind, Mail, Refused

BOUNCE, UNSUBSCRIBE, REPLY = "bounce", "unsubscribe", "reply"

_WAY = re.compile(rf"((?i:{BOUNCE}|{UNSUBSCRIBE}|{REPLY}))\+([A-Za-z0-9_-]{{{TOKEN_CHARS}}})\Z")


def address_for(way: str, token: str) -> str:
    """The address of ours that leads back to one contact; way: BOUNCE, UNSUBSCRIBE, REPLY."""
    return f"{way}+{token}@{settings.MAIL_IN_DOMAIN}"


def is_ours(address: str) -> bool:
    """Whether mails to an address are taken: of a contact, known or not, or the operator's own."""
    return _is_operator(address) or _way_of(address) != ("", "")


def take(mail: Mail, *, at: datetime) -> bool:
    """Do what a mail says of bulletins, before its server is answered; return whether a person need not read it: it
    came to an address of bulletins, or is a complaint. What refuses at the operator's address may say more than that.

    Raises: Refused: with a sentence for its sender. A token that nobody has, and what a machine wrote, change nothing.
    """
    way, token = _way_of(mail.to)
    if mail.kind is Kind.COMPLAINT:
        _complain(mail, token, at)
        return True
    if mail.kind is Kind.BOUNCE and way:
        note_bounce(token=token, hard=mail.is_hard, at=at)
    elif way == UNSUBSCRIBE:  # whoever writes there refuses, whatever the mail says; programs do it for people
        _refuse(mail, token, at)
    elif mail.kind is Kind.LETTER and not _is_our_own(mail.sender):
        return _read(mail, token, at)
    return bool(way)


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


def _read(mail: Mail, token: str, at: datetime) -> bool:
    if mail.refuses:
        _refuse(mail, token, at)
        if token:
            return True
    if token:
        raise Refused(
            550,
            f"5.7.1 Nobody reads answers to this letter. Answer with the word unsubscribe to get no more, "
            f"or write to {settings.OPERATOR.mail}.",
        )
    return False
