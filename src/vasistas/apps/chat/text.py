"""The words of a message: made plain before they are stored, cut into tokens before they are shown.

`static/vasistas/js/lib/chat-tokens.js` cuts alike; tests/wire/chat_tokens.json holds both to the same examples.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

COMBINING_MARKS_MAX = 3  # on one letter; Thai, Hebrew and Vietnamese need at most that many
LINK_CHARS_SHOWN = 40

EMOJI: dict[str, str] = {  # what the picker offers, under its :shortcode:
    "smile": "😄",
    "joy": "😂",
    "heart_eyes": "😍",
    "wink": "😉",
    "cool": "😎",
    "thinking": "🤔",
    "cry": "😢",
    "scream": "😱",
    "party": "🥳",
    "sleepy": "😴",
    "wave": "👋",
    "thumbsup": "👍",
    "thumbsdown": "👎",
    "clap": "👏",
    "pray": "🙏",
    "muscle": "💪",
    "eyes": "👀",
    "heart": "❤️",
    "fire": "🔥",
    "star": "⭐",
    "tada": "🎉",
    "rose": "🌹",
    "music": "🎵",
    "coffee": "☕",
    "cat": "🐱",
    "fox": "🦊",
    "bird": "🐦",
    "rocket": "🚀",
    "hundred": "💯",
    "check": "✅",
}
_SHORTCODE = re.compile(r":([a-z_]{2,16}):")
_JOINERS = "\u200c\u200d"  # Persian words and family emoji need them
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # look like nothing, count as letters or symbols
_SPACES = re.compile(r"\s+")

_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
_ENDS = r"[.,;:!?'\"*_~)\]<>`]*(?: |$)"  # after an address without a path: "https://bank.example@elsewhere" is none
_LINK = re.compile(rf"https?://({_HOST})(:[0-9]{{1,5}})?([/?#][^ <>\"`]*|(?={_ENDS}))", re.IGNORECASE | re.ASCII)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S", re.IGNORECASE)
_TRAILING = ".,;:!?'*_~"


@dataclass(frozen=True)
class Token:
    """A piece of a line. href: for links only; its scheme is http or https."""

    kind: Literal["text", "link", "mention"]
    text: str
    href: str = ""


def normalise(text: str) -> str:
    """Return `text` as one line of visible characters in NFC, with shortcodes spelled out; "" when nothing is visible.

    Control, format and private-use characters go (bidi overrides among them, UAX #9), so do marks stacked on one letter
    beyond COMBINING_MARKS_MAX. Applying it twice changes nothing.
    """
    one_line = _SPACES.sub(" ", unicodedata.normalize("NFC", text))
    plain = unicodedata.normalize("NFC", "".join(char for char in one_line if _is_kept(char)))
    plain = _SPACES.sub(" ", _limit_marks(plain)).strip()
    if not any(unicodedata.category(char)[0] in "LNPS" for char in plain):
        return ""
    return unicodedata.normalize("NFC", _SHORTCODE.sub(lambda found: EMOJI.get(found[1], found[0]), plain))


def holds_address(text: str) -> bool:
    """Whether someone could follow an address in `text`, clickable or not."""
    return bool(_ADDRESS.search(text))


def tokens(text: str, names: Iterable[str] = ()) -> list[Token]:
    """Cut a stored line into text, links and mentions of `names`; joined, the texts of a line without links are `text`.

    A link shows its host first. Only plain http(s) addresses with an ASCII host and no user part become links.
    """
    known = sorted({name for name in names if name}, key=len, reverse=True)
    found: list[Token] = []
    start = at = 0
    while at < len(text):
        token, length = _token_at(text, at, known)
        if token is None:
            at += 1
            continue
        if start < at:
            found.append(Token("text", text[start:at]))
        found.append(token)
        start = at = at + length
    if start < len(text):
        found.append(Token("text", text[start:]))
    return found


def _is_kept(char: str) -> bool:
    return char in _JOINERS or (unicodedata.category(char)[0] != "C" and char not in _BLANK)


def _limit_marks(text: str) -> str:
    kept: list[str] = []
    marks = COMBINING_MARKS_MAX  # a mark with no letter before it would sit on the author's name
    for char in text:
        if unicodedata.category(char) in {"Mn", "Me"}:
            marks += 1
            if marks > COMBINING_MARKS_MAX:
                continue
        elif char == " ":
            marks = COMBINING_MARKS_MAX
        elif char not in _JOINERS:  # a joiner between marks starts no new letter
            marks = 0
        kept.append(char)
    return "".join(kept)


def _token_at(text: str, at: int, known: list[str]) -> tuple[Token | None, int]:
    if at and _is_word(text[at - 1]):
        return None, 0
    if text[at] == "@":
        for name in known:
            after = at + 1 + len(name)
            if text[at + 1 : after].lower() == name.lower() and not (after < len(text) and _is_word(text[after])):
                return Token("mention", text[at:after]), after - at
    elif text[at] in "hH" and (link := _LINK.match(text, at)):
        return _link(link)
    return None, 0


def _link(found: re.Match[str]) -> tuple[Token, int]:
    host, port, path = found[1], found[2] or "", found[3]
    while path and (path[-1] in _TRAILING or (path[-1] in ")]" and not set("([") & set(path))):
        path = path[:-1]
    address = found[0][: len(found[0]) - len(found[3])] + path
    shown = host.lower() + port + path.removesuffix("/")
    if len(shown) > LINK_CHARS_SHOWN:
        shown = shown[:LINK_CHARS_SHOWN] + "…"
    return Token("link", shown, address), len(address)


def _is_word(char: str) -> bool:
    return char == "_" or unicodedata.category(char)[0] in "LN"
