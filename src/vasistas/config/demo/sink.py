"""The demo's mail server: takes every mail on loopback, keeps it for the page /demo/mail/, and passes none on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from vasistas.apps.accounts import outbox

TAKEN = "250 Kept for the demo's page"
RECIPIENTS_MAX = 10  # of one mail; ours have one


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
        outbox.keep(_delivered(envelope) + content)
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
