"""A bulletin in a real browser: Sam writes it beside its look, tests it, counts and plans it; also without scripts."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import NewContext

NARROW = {"width": 320, "height": 640}
HEADING = "Rooms are faster"


def test_sam_writes_looks_tests_counts_and_plans(sam: Page, new_context: NewContext, pictures: Path) -> None:
    sam.goto("/staff/bulletins/")
    sam.get_by_role("link", name="Write one").click()
    sam.fill("[name=name]", "Autumn")
    sam.select_option("[name=topic]", "features")
    sam.fill("[name=subject_line]", "What is new")
    sam.fill("[name=body]", f"# {HEADING}\n\nThat is **all**.")
    letter = sam.frame_locator("letter-preview iframe:not([hidden])")
    expect(letter.get_by_text(HEADING)).to_be_visible()  # nobody pressed anything
    way_back = sam.evaluate("history.length")
    sam.fill("[name=body]", "# Rooms are quieter")
    expect(letter.get_by_text("Rooms are quieter")).to_be_visible()
    assert sam.evaluate("history.length") == way_back, "each look is one step back"
    sam.screenshot(path=pictures / "write.png", full_page=True)

    sam.get_by_role("button", name="Save").press("Enter")
    sam.wait_for_url(re.compile(r"/staff/bulletins/\d+/$"))
    sam.get_by_role("button", name="Test: send it to me").click()
    expect(sam.get_by_text("Sent to yourself alone")).to_be_visible()
    sam.get_by_role("button", name="Count").click()
    expect(sam.get_by_role("button", name="Count again")).to_be_visible()
    sam.get_by_text("Send later").click()
    sam.get_by_role("button", name="Schedule").click()
    expect(sam.locator("#progress .badge")).to_have_text("Scheduled")
    sam.set_viewport_size(NARROW)
    assert sam.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    sam.screenshot(path=pictures / "planned.png", full_page=True)
    sam.get_by_role("button", name="Make it a draft again").click()
    expect(sam.locator("#progress .badge")).to_have_text("Draft")

    sam.goto("/demo/mail/")
    expect(sam.get_by_text("What is new").first).to_be_visible()
    look_without_scripts(new_context, sam)


def look_without_scripts(new_context: NewContext, sam: Page) -> None:
    """The same by its button, on a phone; in the same session, for a code of the moment signs in once."""
    plain = new_context(java_script_enabled=False, storage_state=sam.context.storage_state(), viewport=NARROW)
    page = plain.new_page()
    page.goto("/staff/bulletins/new/")
    page.fill("[name=subject_line]", "What is new")
    page.fill("[name=body]", f"# {HEADING}")
    page.get_by_role("button", name="Preview").click()

    expect(page.frame_locator("iframe").get_by_text(HEADING)).to_be_visible()
    assert page.input_value("[name=body]") == f"# {HEADING}", "what is written stays"
