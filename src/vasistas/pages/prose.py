"""The words of the policy as HTML: Markdown, with raw HTML, pictures and headings switched off."""

import functools
import re

from django.conf import settings
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

_PLACEHOLDER = re.compile(r"\{(operator|address|mail|phone|site)\}")
_FOLDED = re.compile(r"(?<!\n)\n *+(?!\n|- |\Z)")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
_EMPHASIS = re.compile(r"(\*\*?)(?=\S)(.+?)(?<=\S)\1")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")  # of ASCII: what Markdown may read as a sign


def html_of(words: str) -> SafeString:
    """Render the words of a clause, with who runs the site in the place of `{operator}`, `{mail}` and the like."""
    rendered: str = _reader().render(_filled(words))
    return SafeString(rendered)  # the reader escapes all but the HTML it writes itself


def text_of(words: str) -> str:
    """The words of a clause without the signs of Markdown: one line for each paragraph and item, as they are read."""
    values = _values()
    unfolded = _FOLDED.sub(" ", words)
    unlinked = _LINK.sub(lambda found: found[1] if found[2].startswith("mailto:") else found[0], unfolded)
    return _PLACEHOLDER.sub(lambda found: values[found[1]], _EMPHASIS.sub(r"\2", unlinked))


def _filled(words: str) -> str:
    values = _values()
    return _PLACEHOLDER.sub(lambda found: _PUNCTUATION.sub(r"\\\1", values[found[1]]), words)


def _values() -> dict[str, str]:
    operator = settings.OPERATOR
    return {
        "operator": operator.name,
        "address": operator.address,
        "mail": operator.mail,
        "phone": operator.phone,
        "site": settings.SITE_NAME,
    }


@functools.cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).disable(["image", "heading", "lheading"])
