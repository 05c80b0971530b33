"""What staff wrote in Markdown, as HTML and as plain text. No raw HTML, no images, links to the web alone."""

import functools
import textwrap
from collections.abc import Iterable, Sequence
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token

from vasistas.lib.errors import DomainError

LINE_CHARS = 76  # RFC 5322, 2.1.1, with room for a sign of quoting


class LetterRefused(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """A text cannot be sent as it stands. fields: what to change where."""

    status = 422
    code = "bulletins.letter_refused"


def one_line(name: str, text: str) -> str:
    """Return a text that stands in a header of a mail, or in a list of mails.

    Raises: LetterRefused: it has a line break or another control character, by which a header could be smuggled in.
    """
    found = text.strip()
    if not all(sign.isprintable() for sign in found):
        said = _("Write this in one line, without control characters.")
        raise LetterRefused(said, fields={name: said})
    return found


def as_html(text: str) -> str:
    """Well-formed HTML of a text in CommonMark. Raises: LetterRefused: it has an image."""
    tokens = _parsed(text)
    return str(_parser().renderer.render(tokens, _parser().options, {}))


def as_text(text: str) -> str:
    """The same as plain text: links beside their words, points as dashes, lines of LINE_CHARS."""
    return "\n\n".join(_blocks(_parsed(text))).strip()


def _parsed(text: str) -> Sequence[Token]:
    tokens = _parser().parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    if any(child.type == "image" for child in inline):
        said = _("A bulletin holds no images: they would tell us when it was opened. Link to a page instead.")
        raise LetterRefused(said, fields={"body": said})
    for token in inline:
        if token.type == "link_open":
            token.attrs["href"] = urljoin(f"{settings.PUBLIC_URL}/", str(token.attrs.get("href", "")))
    return tokens


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True})
    parser.validateLink = _is_link  # type: ignore[assignment,method-assign]  # documented as replaceable
    return parser


def _is_link(address: str) -> bool:
    """The web, or a page of this site."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (not parts.scheme and not parts.netloc and address.startswith("/"))


def _blocks(tokens: Sequence[Token]) -> Iterable[str]:
    """One text for each paragraph, heading, list item and piece of code."""
    mark, depth, number = "", 0, 0
    for token in tokens:
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            depth, number = depth + 1, 0
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            depth, mark = depth - 1, ""
        elif token.type == "list_item_open":
            number += 1
            mark = "- " if token.markup in "-*+" else f"{number}. "
        elif token.type == "inline":
            yield _wrapped(_inline(token.children or ()), mark, max(0, depth - 1))
            mark = "  " if depth else ""
        elif token.type in {"fence", "code_block"}:
            yield textwrap.indent(token.content.rstrip(), "    ")
        elif token.type == "hr":
            yield "-" * 20


def _wrapped(text: str, mark: str, depth: int) -> str:
    indent = "  " * depth
    return "\n".join(
        textwrap.fill(
            line,
            LINE_CHARS,
            initial_indent=indent + (mark if number == 0 else " " * len(mark)),
            subsequent_indent=indent + " " * len(mark),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for number, line in enumerate(text.split("\n"))
    )


def _inline(children: Sequence[Token]) -> str:
    said, address = [], ""
    for child in children:
        if child.type in {"text", "code_inline"}:
            said.append(child.content)
        elif child.type == "softbreak":
            said.append(" ")
        elif child.type == "hardbreak":
            said.append("\n")
        elif child.type == "link_open":
            address = str(child.attrs["href"])
        elif child.type == "link_close":
            said.append("" if said and said[-1] == address else f" ({address})")
    return "".join(said)
