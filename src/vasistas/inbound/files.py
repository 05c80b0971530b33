"""What hangs on a mail: taken by what its bytes are, never by what its sender calls it."""

import re
from typing import TYPE_CHECKING, Any

from vasistas.inbound import texts
from vasistas.inbound.mail import File

if TYPE_CHECKING:
    from email.message import Message

NAME_CHARS_MAX = 150
FILE_BYTES_MAX = 10 * 1024 * 1024  # of one file
FILES_MAX = 20  # of one mail

# How a file begins (WHATWG MIME Sniffing, 6 to 8). Nothing here runs where it is opened.
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)
TYPES = frozenset({*(kind for _beginning, kind in _BEGINNINGS), "image/webp", "text/plain"})
_FOLDERS = re.compile(r"[\\/:]")
_UNSAFE = re.compile(r"[^\w .,()@+=-]")


def type_of(data: bytes) -> str:
    """The type by the bytes; "" for what is not taken. Text is UTF-8 without control characters."""
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return "text/plain" if text and texts.clean(text) == text else ""


def safe_name(name: str) -> str:
    """A name that is one: no folders, nothing a shell or a page could read otherwise."""
    plain = _UNSAFE.sub("_", _FOLDERS.split(texts.clean(name))[-1]).strip(" .")
    return plain[-NAME_CHARS_MAX:]


def file_of(part: "Message[Any, Any]") -> File | None:
    """A part as a file that is taken, or None."""
    try:
        data = part.get_payload(decode=True)
        name = part.get_filename("") or ""
    except Exception:  # noqa: BLE001 — whatever the library trips over, the rest of the mail is read
        return None
    if not isinstance(data, bytes) or not 0 < len(data) <= FILE_BYTES_MAX:
        return None
    kind = type_of(data)
    return File(safe_name(str(name)), kind, data) if kind else None
