"""The demo's mail server: takes every mail on loopback and keeps it for the page /demo/mail/. It passes none on; what
is written to the site itself comes in, as it would from outside.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from vasistas.apps.accounts import outbox
from vasistas.config import receiving
from vasistas.inbound import Refused, parse
from vasistas.pages import mail_in

TAKEN = "250 Kept for the demo's page"
RECIPIENTS_MAX = 10  # of one mail; ours have one
PROBE = b"Subject: probe "  # what the site writes to itself once an hour is nothing to show


class _Keeping:
    """aiosmtpd asks it at each command, in the thread of its own loop."""

    async def handle_RCPT(  # noqa: N802 — aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 — aiosmtpd's
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        if PROBE not in content:
            outbox.keep(_delivered(envelope) + content)
        return await asyncio.get_running_loop().run_in_executor(None, _come_in, content, envelope)


def _come_in(content: bytes, envelope: Envelope) -> str:
    try:
        for to in filter(mail_in.is_ours, envelope.rcpt_tos):
            receiving.take(parse(content, to=to, envelope=envelope.mail_from or ""))
    except Refused as refused:
        return f"{refused.code} {refused.sentence}"
    return TAKEN


def _delivered(envelope: Envelope) -> bytes:
    """What a mail server writes on top of what it delivers (RFC 5321, 4.4; RFC 9228)."""
    lines = [f"Return-Path: <{envelope.mail_from or ''}>", *(f"Delivered-To: {one}" for one in envelope.rcpt_tos)]
    return b"".join(re.sub(r"[^\x20-\x7e]", "?", line).encode() + b"\r\n" for line in lines)


@contextmanager
def listening(port: int) -> Iterator[None]:
    """Take mails at this port of loopback, in a thread, until the block ends."""
    server = Controller(
        _Keeping(),
        hostname="127.0.0.1",
        port=port,
        server_hostname="localhost",  # else it would ask the network what this machine is called
        data_size_limit=outbox.MAIL_BYTES_MAX,
        ident="Vasistas demo",
    )
    server.start()
    try:
        yield
    finally:
        server.stop()
