"""What the templates of the policy say."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context

from vasistas.pages.templatetags import policy

NOW = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)


def speaking(lang: str) -> Context:
    return Context({"lang": lang, "now": NOW})


def test_values_are_escaped_in_their_places():
    assert policy.say(speaking("en"), "version", number="<1>") == "Version &lt;1&gt;"
    assert policy.say(speaking("fr"), "colon") == "\N{NO-BREAK SPACE}:"


def test_words_that_nobody_wrote_are_a_fault():
    with pytest.raises(KeyError):
        policy.say(speaking("en"), "nonsense")


@pytest.mark.parametrize(
    ("lang", "ago", "said"),
    [
        ("en", timedelta(seconds=59), "less than a minute ago"),
        ("fr", timedelta(seconds=59), "il y a moins d’une minute"),
        ("en", timedelta(minutes=4, seconds=59), "4 minutes ago"),
        ("fr", timedelta(hours=1), "il y a 1 heure"),
    ],
)
def test_age_is_said_in_the_language_of_the_page(lang, ago, said):
    shown = policy.aged(speaking(lang), "ago", NOW - ago)

    assert f'datetime="{(NOW - ago).isoformat()}"' in shown
    words = shown.replace("</time>", "").replace("\N{NO-BREAK SPACE}", " ")
    assert words[: words.index("<time")] + words[words.index(">") + 1 :] == said


def test_day_is_written_out():
    assert policy.day(date(2026, 12, 1), "fr") == "1 décembre 2026"
    assert policy.day(date(2026, 12, 1), "en") == "1 December 2026"


def test_links_keep_the_language():
    assert policy.link(speaking("en"), "pages:proof") == "/privacy/proof/"
    assert policy.link(speaking("fr"), "pages:version", 3) == "/privacy/versions/3/?lang=fr"
    assert policy.link(speaking("fr"), "pages:privacy", lang="en") == "/privacy/"
