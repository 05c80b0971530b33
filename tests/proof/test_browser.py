"""What the browser reads off a page, and what it keeps out of the log."""

import logging

import pytest

from vasistas.proof import browser, canary
from vasistas.proof.browser import Browser, footer, foreign_loads, links


@pytest.mark.parametrize(
    ("markup", "found"),
    [
        ('<img src="/a.png"><a href="https://fish.example/">link</a>', []),
        ('<img src="http://localhost:8000/a.png">', []),
        ('<img src="//ads.example/x.gif">', ["img src"]),
        ('<script src=" https://cdn.example/x.js"></script>', ["script src"]),
        ('<link rel="stylesheet" href="https://cdn.example/x.css">', ["link href"]),
        ('<form action="https://evil.example/"><button formaction="//evil.example/"></button></form>',
         ["form action", "button formaction"]),
        ('<a href="/" ping="https://count.example/">x</a>', ["a ping"]),
    ],
)  # fmt: skip
def test_what_would_ask_another_site_is_found(markup, found):
    assert foreign_loads(markup) == found


def test_only_what_stands_in_the_footer_counts():
    words, at_the_bottom = footer(
        '<a href="/top">T</a><footer>Rue  de\n<b>l\'Exemple</b> <a href="/low">L</a></footer>'
    )

    assert (words, at_the_bottom) == ("Rue de l'Exemple L", {"/low"})
    assert links('<a href="/top">T</a><a>none</a>') == ["/top", ""]


@pytest.mark.django_db
def test_pages_are_walked_by_their_links_and_few_of_each_kind():
    with canary.kept_open():  # the test's own transaction
        pages = list(browser.public_pages())

    views = [page.view for page in pages]
    assert {"pages:home", "pages:privacy", "pages:contact", "account_login"} <= set(views)
    assert max(views.count(view) for view in views) <= browser.PAGES_PER_VIEW
    assert {page.status for page in pages} == {200}


@pytest.mark.django_db
def test_error_pages_are_those_people_see():
    assert [(page.view, page.status) for page in browser.error_pages()] == [
        ("error 404", 404),
        ("error 400", 400),
        ("error 403", 403),
    ]


def test_refusals_we_asked_for_stay_out_of_the_log_and_those_of_others_in():
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    ear = Ear()
    logging.getLogger().addHandler(ear)
    try:
        with browser.not_logged():
            logging.getLogger("django.request").error("ours")
            others = logging.LogRecord("django.request", logging.ERROR, "", 1, "of others", None, None)
            others.thread = 1
            logging.getLogger("django.request").handle(others)
        logging.getLogger("django.request").error("afterwards")
    finally:
        logging.getLogger().removeHandler(ear)

    assert lines == ["of others", "afterwards"]


@pytest.mark.django_db
def test_a_form_is_posted_with_the_token_of_its_page():
    window = Browser()
    window.get("/accounts/login/")

    assert window.post("/age-statement/", {"next": "/", "is_adult": "yes"}).status_code == 302
