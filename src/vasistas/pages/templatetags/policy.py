"""What the templates of the policy say, in the language of the page: `{% load policy %}`. Context: `lang`, `now`."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import override

from vasistas.guard import cookies
from vasistas.guard.policy.model import Policy
from vasistas.pages import policy_words, prose

register = template.Library()

MOMENT = timedelta(minutes=1)
STATE_ICONS = {
    "HOLDS": "circle-check",
    "VIOLATED": "octagon-alert",
    "UNPROVEN": "hourglass",
    "ATTESTED": "user-check",
    "NOT_APPLICABLE": "minus",
}


@register.simple_tag(takes_context=True)
def say(context: Context, key: str, **values: Any) -> SafeString:
    """The words of the page for `key`, with `values` in their places, escaped."""
    words = policy_words.face_words(str(key), context["lang"])
    return format_html(words, **values) if values else conditional_escape(words)


@register.filter
def said(words: Mapping[str, str], language: str) -> str:
    return policy_words.said(words, language)


@register.filter
def prose_of(words: Mapping[str, str], language: str) -> SafeString:
    return prose.html_of(policy_words.said(words, language))


@register.filter
def day(moment: date, language: str) -> str:
    """`1 December 2026`, `1 décembre 2026`."""
    with override(language):
        return date_format(moment, "j F Y")


@register.simple_tag(takes_context=True)
def aged(context: Context, key: str, moment: datetime, limit: datetime | None = None) -> SafeString:
    """The words for `key`: `{age}` is how long ago `moment` is, as a `<time>`; `{limit}` the same for `limit`."""
    with override(context["lang"]):
        is_moment = context["now"] - moment < MOMENT
        length = policy_words.face_words("moment", context["lang"]) if is_moment else _length(moment, context["now"])
        limited = _length(limit, context["now"]) if limit else ""
    shown = format_html('<time datetime="{}">{}</time>', moment.isoformat(timespec="seconds"), length)
    return format_html(policy_words.face_words(key, context["lang"]), age=shown, limit=limited)


def _length(moment: datetime, now: datetime) -> str:
    return timesince(moment, now, depth=1)


@register.simple_tag(takes_context=True)
def link(context: Context, name: str, *args: Any, lang: str = "") -> str:
    """The address of a page of the policy in the language of this one, or in `lang`."""
    language = lang or context["lang"]
    query = "" if language == policy_words.DEFAULT else f"?{urlencode({'lang': language})}"
    return f"{reverse(name, args=args)}{query}"


@register.filter
def asks_for_cookies(policy: Policy) -> bool:
    """Whether the register has a kind that needs consent."""
    return bool(cookies.asked_kinds(policy))


@register.filter
def state_icon(state: str) -> str:
    return STATE_ICONS.get(str(state), "hourglass")


@register.filter
def state_class(state: str) -> str:
    """`not-applicable`: the state as part of a class."""
    return str(state).lower().replace("_", "-")


@register.filter
def native(language: str) -> str:
    """A language's own name."""
    return policy_words.NATIVE.get(language, language)
