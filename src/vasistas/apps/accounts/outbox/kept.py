"""The demo's mails: files below DATA, newest first by name and bounded; no table, for no real member is there."""

import email.policy
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from django.conf import settings

MAILS_KEPT_MAX = 200  # the demo page's memory
MAIL_BYTES_MAX = 1_000_000  # of one mail: what the demo's mail server takes
HEADERS_SHOWN_MAX = 100


@dataclass(frozen=True)
class Mail:
    """One mail of the demo. name: of its file, and in its address. html: as it was sent, or nothing. headers: in their
    order, decoded.
    """

    name: str
    at: datetime
    to: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]


def latest() -> list[Mail]:
    """Return the demo's mails, newest first."""
    paths = sorted(_folder().glob("*.eml"), reverse=True)[:MAILS_KEPT_MAX]
    return [mail for mail in map(_read, paths) if mail is not None]


def get(name: str) -> Mail | None:
    """Return one mail of the demo; `name` comes from an address and names nothing outside the folder."""
    return next((_read(path) for path in _folder().glob("*.eml") if path.stem == name), None)


def keep(mail: bytes) -> None:
    """Keep one mail as it came, and let the oldest go beyond MAILS_KEPT_MAX."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{time.time_ns():020d}-{secrets.token_hex(4)}.eml"
    unfinished = folder / f"{name}.part"
    unfinished.write_bytes(mail)
    unfinished.rename(folder / name)
    for path in sorted(folder.glob("*.eml"), reverse=True)[MAILS_KEPT_MAX:]:
        path.unlink(missing_ok=True)


def _folder() -> Path:
    return Path(settings.DATA) / "demo-mail"


def _read(path: Path) -> Mail | None:
    """Read one file; None: it went in between."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    message: EmailMessage = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(raw)
    return Mail(
        name=path.stem,
        at=datetime.fromtimestamp(int(path.stem.partition("-")[0]) / 1e9, tz=UTC),
        to=_header(message, "To"),
        subject=_header(message, "Subject"),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        headers=tuple((_clean(name), _clean(value)) for name, value in message.raw_items())[:HEADERS_SHOWN_MAX],
    )


def _header(message: EmailMessage, name: str) -> str:
    """Any program on this machine may speak to the demo's mail server: what cannot be read is empty."""
    try:
        return _clean(message[name] or "")
    except (ValueError, IndexError, LookupError):
        return ""


def _clean(value: object) -> str:
    """A header on one line. Bytes that are no text came as lone surrogates, which no page can carry."""
    return " ".join(str(value).encode(errors="replace").decode().split())


def _body(message: EmailMessage, kind: str) -> str:
    try:
        body = message.get_body(preferencelist=(kind,))
        return str(body.get_content()).encode(errors="replace").decode() if body else ""
    except (ValueError, LookupError, AttributeError):  # an unknown charset, a part that is none
        return ""
