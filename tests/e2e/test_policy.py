"""The policy in a real browser: narrow, by keyboard, without scripts, and on paper."""

import pytest

from tests.e2e.conftest import NewContext

NARROW = {"width": 320, "height": 640}
PAGES = ["/privacy/", "/privacy/?lang=fr", "/privacy/proof/", "/privacy/proof/?lang=fr", "/privacy/versions/"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_small_telephone_and_nothing_is_refused(new_context: NewContext, scheme: str) -> None:
    page = new_context(viewport=NARROW, color_scheme=scheme).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    for address in PAGES:
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == NARROW["width"], address

    assert said == []


def test_windows_and_proofs_work_by_keyboard_and_without_scripts(new_context: NewContext) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/privacy/")

    window = page.locator("a.window").nth(6)
    window.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/privacy/#clause-6")
    proof = page.locator("#clause-6 details.rule__proof").first
    assert proof.get_attribute("open") is None
    proof.locator("summary").focus()
    page.keyboard.press("Enter")

    assert proof.get_attribute("open") is not None
    page.locator(".policy-languages a[lang=fr]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/privacy/?lang=fr")
    assert page.locator("html").get_attribute("lang") == "fr"


def test_paper_has_the_words_with_every_proof_open_and_nothing_of_the_site_around(new_context: NewContext) -> None:
    page = new_context().new_page()
    page.goto("/privacy/")
    page.emulate_media(media="print")

    for gone in (".site-header", ".site-footer", ".facade", ".policy-contents"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.locator(".promise").count() == 12
    assert page.locator(".rule__checks .check-line").first.is_visible()


def test_every_box_of_a_page_says_its_state_in_words(new_context: NewContext) -> None:
    page = new_context().new_page()
    page.goto("/privacy/proof/")

    names = page.get_by_role("region", name="The twelve clauses and their state").get_by_role("link").all_inner_texts()

    states = ("Holds", "Violated", "Not proven", "Attested", "Does not apply")
    assert len(names) == 12
    assert [name for name in names if not name.strip().endswith(states)] == []
