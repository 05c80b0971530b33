"""Text out of mails, whatever its encoding claims. Nothing here raises on what somebody sent."""

import html
import re
from email.header import decode_header
from email.utils import parseaddr
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
_RAW = frozenset({"style", "script", "title"})  # hold no elements, whatever they look like
_TOKEN = re.compile(  # each character is taken once, or twice within a quote that does not end
    r"<!--.*?(?:-->|\Z)"
    r"|<(?P<end>/?)(?P<tag>[a-z][a-z0-9]*)(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*'|[\"'])*+>?"
    r"|<[!?/][^>]*>?"
    r"|(?P<text>[^<]+|<)",
    re.IGNORECASE | re.DOTALL,
)


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


def without_markup(markup: str) -> str:
    """The text of HTML as lines, without what it quotes (<blockquote>). In linear time: Python's own parser is not."""
    pieces: list[str] = []
    silent, level = "", 0  # the outermost element that is not read, and how often it stands within itself
    for found in _TOKEN.finditer(markup[:HTML_CHARS_MAX]):
        tag = (found["tag"] or "").lower()
        if not tag:
            pieces += [] if silent else [found["text"] or ""]
        elif silent:
            level += (-1 if found["end"] else tag not in _RAW) if tag == silent else 0
            silent = silent if level else ""
        elif tag in _SILENT and not found["end"]:
            silent, level = tag, 1
        pieces += ["\n"] if tag in _BREAKING and not silent else []
    return "\n".join(line.strip() for line in _unescaped("".join(pieces)).splitlines())


def _unescaped(text: str) -> str:
    try:
        return clean(html.unescape(text))
    except ValueError:  # a number of thousands of digits
        return text


def _text(raw: bytes, charset: str) -> str:
    if not _CHARSETS.match(charset):
        charset = "utf-8"
    try:
        return raw.decode(charset, "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")
