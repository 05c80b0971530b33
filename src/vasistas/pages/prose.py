"""The words of the policy as HTML: Markdown, with raw HTML, pictures and headings switched off."""

import functools
import re

from django.conf import settings
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

_PLACEHOLDER = re.compile(r"\{(operator|address|mail|phone|site)\}")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")  # of ASCII: what Markdown may read as a sign


def html_of(words: str) -> SafeString:
    """Render the words of a clause, with who runs the site in the place of `{operator}`, `{mail}` and the like."""
    rendered: str = _reader().render(_filled(words))
    return SafeString(rendered)  # the reader escapes all but the HTML it writes itself


def _filled(words: str) -> str:
    operator = settings.OPERATOR
    values = {
        "operator": operator.name,
        "address": operator.address,
        "mail": operator.mail,
        "phone": operator.phone,
        "site": settings.SITE_NAME,
    }
    return _PLACEHOLDER.sub(lambda found: _PUNCTUATION.sub(r"\\\1", values[found[1]]), words)


@functools.cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).disable(["image", "heading", "lheading"])
