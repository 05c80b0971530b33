"""Mails fetched from a mailbox elsewhere (IMAP4rev1, RFC 3501), where no mail server reaches ours."""

import imaplib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from vasistas.inbound.mail import Refused
from vasistas.lib.loopback import is_loopback

PORTS = {"imaps": 993, "imap": 143}
TIMEOUT_S = 30.0  # of one answer
MAILS_AT_ONCE = 50  # of one run
MAILS_LOOKED_AT = 1_000  # of one run: those refused for now do not stand before the others
TOO_LARGE = 552  # as a mail server says it
PERMANENT = 500  # codes of SMTP from here on refuse for good (RFC 5321, 4.2.1)
OPEN = "UNDELETED UNFLAGGED"  # what waits; what we cannot take is flagged, and stays for a person


@dataclass(frozen=True)
class Mailbox:
    """is_tls: False on this machine alone."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str
    is_tls: bool


def mailbox_of(url: str) -> Mailbox:
    """Read imaps://user:password@host[:port]/folder. Raises: ValueError: it is none, or would go in clear."""
    parts = urlsplit(url)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if parts.scheme not in PORTS or not parts.hostname or not parts.username or not parts.password:
        raise ValueError("not an address of the form imaps://user:password@host/folder")
    if parts.scheme == "imap" and not is_loopback(parts.hostname):
        raise ValueError("an address that is not encrypted")
    if '"' in folder or not folder.isprintable() or not folder.isascii():
        raise ValueError("a folder whose name is not plain ASCII")
    port = parts.port or PORTS[parts.scheme]
    user, password = unquote(parts.username), unquote(parts.password)
    return Mailbox(parts.hostname, port, user, password, folder, parts.scheme == "imaps")


def fetch(mailbox: Mailbox, take: Callable[[bytes], None], *, bytes_max: int) -> int:
    """Hand each mail that waits to `take`, the oldest first, and delete it once that returned; return how many.

    What `take` refuses for good, and what is larger than bytes_max, is flagged and stays. take: raises Refused;
    whatever else it raises ends the run, and the mail stays. A run that dies in between takes a mail again.
    Raises: OSError, imaplib.IMAP4.error: the server cannot be reached, or refuses.
    """
    made = imaplib.IMAP4_SSL if mailbox.is_tls else imaplib.IMAP4
    with made(mailbox.host, mailbox.port, timeout=TIMEOUT_S) as server:
        server.login(mailbox.user, mailbox.password)
        _ok(server.select(f'"{mailbox.folder}"'))
        found = _ok(server.uid("SEARCH", OPEN))
        taken = 0
        for uid in (found[0] or b"").decode("ascii").split()[:MAILS_LOOKED_AT]:
            taken += _take(server, uid, take, bytes_max)
            if taken == MAILS_AT_ONCE:
                break
        server.close()  # what is deleted goes for good
    return taken


def _take(server: imaplib.IMAP4, uid: str, take: Callable[[bytes], None], bytes_max: int) -> bool:
    told = _ok(server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{bytes_max + 1}>)"))
    raw = next((one[1] for one in told if isinstance(one, tuple)), None)
    if raw is None:
        return False  # somebody else took it
    refused = TOO_LARGE if len(raw) > bytes_max else 0
    try:
        if not refused:
            take(raw)
    except Refused as error:
        refused = error.code
    if not refused or refused >= PERMANENT:
        _ok(server.uid("STORE", uid, "+FLAGS", r"(\Flagged)" if refused else r"(\Deleted)"))
    return not refused


def _ok(answer: tuple[str, Any]) -> list[Any]:
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error("The server refused a command.")  # its own words may name somebody
    return list(data)
