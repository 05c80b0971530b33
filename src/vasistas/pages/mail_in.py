"""A mail that came in, by whatever way: what it says of bulletins counts at once, the rest is kept for the support."""

import re
from datetime import datetime
from email.parser import BytesHeaderParser

from django.conf import settings

from vasistas.apps.bulletins.operations import receiving
from vasistas.apps.support import operations as support
from vasistas.inbound import Mail, parse, texts

RECIPIENTS = ("Delivered-To", "X-Original-To", "To", "Cc")  # where the envelope's recipient is written down, or named
RECIPIENTS_MAX = 50  # of one mail that are looked at

_ADDRESSES = re.compile(r"[^\s<>\"(),:;@\\]{1,200}@[A-Za-z0-9.-]{1,200}")  # in their own case: tokens have one


def is_ours(address: str) -> bool:
    return receiving.is_ours(address) or support.is_ours(address)


def take(mail: Mail, at: datetime) -> None:
    """Raises: Refused: with a sentence for its sender. What the database raises: then it was not taken."""
    is_answer = support.is_ours(mail.to) and not receiving.is_ours(mail.to)  # in a conversation "stop" is no objection
    if is_answer or (not receiving.take(mail, at=at) and support.is_ours(mail.to)):
        support.accept(mail, at=at)


def take_raw(raw: bytes, at: datetime) -> None:
    """The same for a mail without its envelope: whom it is to stands in its head. Raises: as `take`."""
    head = BytesHeaderParser().parsebytes(raw)
    named = _ADDRESSES.findall(" ".join(texts.header(head, name) for name in RECIPIENTS))
    to = next((one for one in named[:RECIPIENTS_MAX] if is_ours(one)), settings.OPERATOR.mail)
    has_no_sender = texts.header(head, "Return-Path") == "<>"  # RFC 5321, 4.4
    take(parse(raw, to=to, envelope="" if has_no_sender else None), at)
