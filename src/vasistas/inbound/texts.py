"""Text out of mails, whatever its encoding claims. Nothing here raises on what somebody sent."""

import re
from email.header import decode_header
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.message import Message

HEADER_CHARS_MAX = 2_000
HTML_CHARS_MAX = 200_000
ADDRESS_CHARS_MAX = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets

# Codecs of text that take linear time; Python also has others, such as hex, zip and punycode.
_CHARSETS = re.compile(
    r"(utf[-_]?(8|16|32)|us-ascii|ascii|iso[-_]?8859|latin|windows|cp-?\d|koi8|gb|big5|shift|sjis|euc|iso-2022|mac)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^\s<>\"(),:;@\\]+@[a-z0-9.-]+", re.IGNORECASE)
_BREAKING = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "blockquote"})
_SILENT = frozenset({"style", "script", "head", "title", "blockquote"})


def header(message: "Message[Any, Any]", name: str) -> str:
    """A header's text on one line, cut at HEADER_CHARS_MAX; "" without one."""
    found = message.get(name, "")
    try:
        raw = str(found)[:HEADER_CHARS_MAX]
        pieces = [
            piece if isinstance(piece, str) else _text(piece, charset or "ascii")
            for piece, charset in decode_header(raw)
        ]
    except Exception:  # noqa: BLE001 — whatever the library trips over, the mail is somebody's
        pieces = [str(found)[:HEADER_CHARS_MAX]]
    return clean(" ".join("".join(pieces).split()))


def address_in(line: str) -> str:
    """The bare address in a line such as From, in lower case; "" if there is none, or more than one could be meant."""
    try:
        found = parseaddr(line[:HEADER_CHARS_MAX])[1].strip().lower()
    except Exception:  # noqa: BLE001 — see above
        return ""
    return found if len(found) <= ADDRESS_CHARS_MAX and _ADDRESS.fullmatch(found) else ""


def decoded(part: "Message[Any, Any]") -> str:
    """The text of one part."""
    try:
        payload = part.get_payload(decode=True)
        charset = part.get_content_charset("utf-8")
    except Exception:  # noqa: BLE001 — see above
        return ""
    return clean(_text(payload, charset)) if isinstance(payload, bytes) else ""


def clean(text: str) -> str:
    """Without what a database or a terminal trips over: NUL and other control characters, halves of characters."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c for c in whole if c in "\n\r\t" or c.isprintable() or c in "\u00a0\u200b\u200c\u200d\u2028")


def without_markup(html: str) -> str:
    """The text of HTML as lines, without what it quotes (<blockquote>)."""
    reader = _Reader()
    try:
        reader.feed(html[:HTML_CHARS_MAX])
        reader.close()
    except Exception:  # noqa: BLE001 — see above
        return "".join(reader.pieces)
    return "\n".join(line.strip() for line in "".join(reader.pieces).splitlines())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKING:
            self.pieces.append("\n")
        if tag in _SILENT and len(self._silent) < HEADER_CHARS_MAX:
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            while self._silent.pop() != tag:
                pass
        if tag in _BREAKING:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(data)


def _text(raw: bytes, charset: str) -> str:
    if not _CHARSETS.match(charset):
        charset = "utf-8"
    try:
        return raw.decode(charset, "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")
