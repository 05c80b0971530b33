"""The words of the policy become HTML that can do no harm."""

import pytest

from vasistas.lib.operator import Operator
from vasistas.pages.prose import html_of, text_of


def test_raw_html_is_shown_and_not_run():
    shown = html_of("Hello <script>alert(1)</script> <b onclick='x()'>you</b>")

    assert "<script" not in shown
    assert "<b" not in shown
    assert "&lt;script&gt;" in shown


def test_links_to_scripts_and_pictures_of_others_are_not_made():
    shown = html_of("[a](javascript:alert(1)) ![b](https://ads.example/x.gif) [c](/contact/)")

    assert "javascript:" not in shown.replace("[a](javascript:alert(1))", "")
    assert "<img" not in shown
    assert '<a href="/contact/">c</a>' in shown


def test_headings_of_a_clause_stay_text():
    shown = html_of("# One\n\nTwo\n---\n")

    assert "<h1" not in shown
    assert "<h2" not in shown


@pytest.mark.parametrize("name", ["Star *& Co*", "[x](javascript:y)", "<script>", "A_b_c", "S.à r.l."])
def test_who_runs_the_site_is_named_literally(settings, name):
    settings.OPERATOR = Operator(name, "1, rue", "a_b*c@example.org", "+352 1")

    shown = html_of("{operator} [{mail}](mailto:{mail})")

    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert shown == f'<p>{escaped} <a href="mailto:a_b*c@example.org">a_b*c@example.org</a></p>\n'


def test_braces_that_name_nothing_stay():
    assert html_of("{nobody}") == "<p>{nobody}</p>\n"


def test_text_is_what_people_read(settings):
    settings.OPERATOR = Operator("Ada *& Co", "1, rue", "a@example.org", "+352 1")
    words = "Write to [{mail}](mailto:{mail}),\nor *see* [it](/contact/).\n\n- **a** one\n  of 2 * 3\n- b\n"

    assert text_of(words) == "Write to a@example.org, or see [it](/contact/).\n\n- a one of 2 * 3\n- b\n"
