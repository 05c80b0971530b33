"""The whole way of money: buy, tip, a goal that moves elsewhere, a private session, bill, receipt, earnings."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SignIn
from tests.e2e.test_journey import ROOM, WAIT_MS, go_live, mira, player_is, watch  # noqa: F401 — mira is a fixture

pytestmark = pytest.mark.media

BOUGHT, TIP, PRICE = 2_500, 500, 300  # minor units; of a minute
SESSION_S = 20
PLATFORM_PERCENT = 30


def buy(page: Page) -> None:
    page.goto("/account/money/")
    page.get_by_role("button", name=re.compile("^Switch on")).click()
    page.get_by_label("€25.00").check()
    page.get_by_role("button", name="Go to pay").click()
    page.wait_for_url(re.compile("/pay/"))
    page.locator("input[value=pays]").check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(page.get_by_text("250 credits (€25.00) are yours.")).to_be_visible()


def is_verified(text: str, folder: Path) -> bool:
    file = folder / "receipt.json"
    file.write_text(text)
    command = [str(Path(sys.executable).parent / "vasistas"), "receipt", "verify", str(file)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def hosts_share(paid: int) -> int:
    return paid - paid * PLATFORM_PERCENT // 100


def test_from_buying_credits_to_the_hosts_earnings(mira: Page, sign_in: SignIn, tmp_path: Path) -> None:  # noqa: F811 — the fixture
    bo, other = sign_in("Bo"), sign_in("Max")
    buy(bo)
    go_live(mira)
    watch(other)
    player_is(other, "playing")

    watch(bo)
    bo.locator(f".tips__row button[value='{TIP}']").click()
    expect(other.locator("[data-goal-words]")).to_contain_text("50 / 1000 credits")  # moved by the gateway

    bo.locator(".private__ask summary").first.click()
    bo.get_by_role("button", name="Ask the host").first.click()
    mira.locator("show-desk").get_by_role("button", name="Accept").click()
    player_is(other, "private")
    player_is(bo, "playing")
    for page in (bo, mira):
        expect(page.locator(".show__people").first).to_contain_text(re.compile("Bo.*Mira.*Recorder", re.DOTALL))
    bo.get_by_text("What you both agreed to").click()
    end = bo.get_by_role("button", name="End", exact=True)
    end.focus()
    enough = f"() => Number(document.querySelector('[data-delivered]')?.dataset.delivered) >= {SESSION_S}"
    bo.wait_for_function(enough, timeout=3 * WAIT_MS)
    expect(end).to_be_focused()  # twenty figures later
    expect(bo.get_by_text("Nothing is recorded; there is no recorder.")).to_be_visible()
    bo.keyboard.press("Escape")
    bo.keyboard.press("Escape")
    expect(bo.get_by_role("heading", name="It is over")).to_be_visible()

    bo.get_by_role("link", name="Receipt").click()
    text = bo.request.get(f"{bo.url}?as=json").text()
    (paid,) = json.loads(text)["paid"]
    assert paid["delivered_s"] >= SESSION_S
    assert paid["charged_minor"] == PRICE * paid["delivered_s"] // 60
    assert is_verified(text, tmp_path)
    forged = text.replace(f'"delivered_s": {paid["delivered_s"]}', f'"delivered_s": {paid["delivered_s"] - 1}')
    assert forged != text
    assert not is_verified(forged, tmp_path)

    bo.goto("/account/money/")
    left = BOUGHT - TIP - paid["charged_minor"]
    expect(bo.locator("main")).to_contain_text(f"€{left / 100:.2f}")
    player_is(other, "playing")  # the public picture is back
    earned = hosts_share(TIP) + hosts_share(paid["charged_minor"])
    mira.goto("/studio/earnings/")
    expect(mira.locator("main")).to_contain_text(f"€{earned / 100:.2f}")
