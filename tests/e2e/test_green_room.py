"""The host's page in a real Chromium: devices that refuse, the line that is measured, going live and getting off."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import CHROMIUM, FLAGS, WAIT_MS, SignIn, escape_twice
from tests.e2e.site import Site, await_true

pytestmark = pytest.mark.media

HOST = "Mira"  # of the demo; has a room and is not on air
SENDING = "() => tracks.filter((track) => track.readyState === 'live').length"
OPEN = "() => peers.filter((peer) => peer.connectionState !== 'closed').length"
REMEMBER = """
  window.tracks = []; window.peers = [];
  const devices = navigator.mediaDevices;
  if (devices) {
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      tracks.push(...stream.getTracks());
      return stream;
    };
  }
  // Every phase the page has been in: a short one may be over before a test looks.
  window.phases = [];
  new MutationObserver(() => {
    const phase = document.querySelector("studio-green-room")?.dataset.phase;
    if (phase && phase !== phases.at(-1)) phases.push(phase);
  }).observe(document, {subtree: true, childList: true, attributeFilter: ["data-phase"]});
  const Peer = RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer { constructor(...given) { super(...given); peers.push(this); } };
"""


def phase(page: Page, name: str) -> None:
    expect(page.locator("studio-green-room")).to_have_attribute("data-phase", name)


def state_of_room(page: Page) -> str:
    answer = page.request.get("/rooms/piano-with-mira/health", headers={"Accept": "application/json"})
    return str(answer.json()["state"])


def room_is(page: Page, state: str) -> None:
    """Wait until the site says so."""
    await_true(lambda: state_of_room(page) == state, f"the room is {state}")


def enter(page: Page, address: str = "/studio/live/") -> Page:
    page.add_init_script(REMEMBER)
    page.goto(address)
    return page


def go_live(page: Page) -> None:
    expect(page.locator("[data-part=go]")).to_be_enabled()
    page.click("[data-part=go]")
    phase(page, "live")


@pytest.fixture
def green_room(sign_in: SignIn) -> Iterator[Page]:
    page = enter(sign_in(HOST, permissions=["camera", "microphone"]))
    yield page
    page.request.post(
        "/rooms/piano-with-mira/cut",
        headers={"X-CSRFToken": page.get_attribute("studio-green-room", "data-csrf") or "", "Referer": page.url},
    )


@contextmanager
def other_browser(chromium: Browser, site: Site, *flags: str, **options: Any) -> Iterator[Page]:
    """The green room in a Chromium with other devices than the journeys' own."""
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
    try:
        page = browser.new_context(base_url=site.url, **options).new_page()
        page.set_default_timeout(WAIT_MS)
        mail, password = site.logins[HOST]
        page.goto("/accounts/login/")
        page.fill("input[name=login]", mail)
        page.fill("input[name=password]", password)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login/" not in url)
        yield enter(page)
    finally:
        browser.close()


def test_refused_permission_has_its_own_words(chromium: Browser, site: Site) -> None:
    with other_browser(chromium, site, "--use-fake-device-for-media-stream") as page:
        page.click("[data-part=open]")
        fault = page.locator("[data-code='both.refused']")
        expect(fault).to_contain_text("You refused camera and microphone.")
        expect(fault.get_by_role("button", name="Try again")).to_be_visible()
        expect(page.locator("[data-part=go]")).to_be_disabled()


def test_refused_camera_alone_is_told_apart(chromium: Browser, site: Site) -> None:
    with other_browser(chromium, site, "--use-fake-device-for-media-stream", permissions=["microphone"]) as page:
        page.click("[data-part=open]")
        expect(page.locator("studio-faults")).to_contain_text("You refused the camera.")
        expect(page.locator("[data-item=microphone]")).not_to_have_attribute("data-code", "check.microphone_off")


def test_computer_without_devices_has_its_own_words(chromium: Browser, site: Site) -> None:
    with other_browser(chromium, site, permissions=["camera", "microphone"]) as page:
        expect(page.locator("[data-code='both.none']")).to_contain_text("There is no camera and no microphone.")


def test_insecure_address_has_its_own_words(chromium: Browser, site: Site) -> None:
    with other_browser(chromium, site, "--use-fake-device-for-media-stream") as page:
        page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
        page.goto("/studio/live/")
        expect(page.locator("[data-code='page.insecure']")).to_contain_text("This address is not secure")
        expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_unplugged_camera_is_said_and_can_be_tried_again(green_room: Page) -> None:
    expect(green_room.locator("[data-item=camera]")).to_have_attribute("data-state", "done")
    green_room.evaluate(
        "() => { const [camera] = tracks.filter((track) => track.kind === 'video');"
        " camera.stop(); camera.dispatchEvent(new Event('ended')); }"
    )
    expect(green_room.locator("[data-code='camera.unplugged']")).to_contain_text("The camera is gone.")
    expect(green_room.locator("[data-part=go]")).to_be_disabled()
    green_room.get_by_role("button", name="Try again").click()
    expect(green_room.locator("[data-code]").filter(has_text="gone")).to_have_count(0)
    expect(green_room.locator("[data-part=go]")).to_be_enabled()


def test_uplink_test_measures_the_real_way_in(green_room: Page) -> None:
    green_room.click("studio-uplink button")
    expect(green_room.locator("studio-uplink")).not_to_have_attribute("data-state", "running")
    outcome = green_room.evaluate("() => document.querySelector('studio-uplink').outcome")
    assert outcome is not None
    assert outcome["bitrateBps"] > 300_000
    assert 0 <= outcome["lossRatio"] < 0.2
    assert outcome["rttMs"] is not None
    expect(green_room.locator("studio-uplink [data-figure=bitrate]")).to_contain_text("bit/s")
    expect(green_room.locator("[data-item=uplink]")).not_to_have_attribute("data-code", "check.uplink_untested")


def test_countdown_can_be_cancelled_by_keyboard(green_room: Page) -> None:
    expect(green_room.locator("[data-part=go]")).to_be_enabled()
    green_room.clock.install()
    green_room.clock.pause_at(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=WAIT_MS / 1_000))  # it counts no further
    green_room.locator("[data-part=go]").focus()
    green_room.keyboard.press("Enter")
    phase(green_room, "counting")
    green_room.keyboard.press("Escape")
    phase(green_room, "setup")
    expect(green_room.locator("[data-part=go]")).to_be_focused()
    assert state_of_room(green_room) == "offline"


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_live_sends_layers_of_the_wished_codec(green_room: Page, codec: str) -> None:
    green_room.goto(f"/studio/live/?codec={codec}")
    go_live(green_room)
    expect(green_room.locator("studio-health [data-figure=codec]")).to_have_text(codec.upper())
    green_room.click("studio-health summary")
    expect(green_room.locator("studio-health tbody tr")).to_have_count(3)
    room_is(green_room, "live")


def test_smaller_picture_while_live_rests_a_layer_and_keeps_the_connection(green_room: Page) -> None:
    go_live(green_room)
    green_room.click("studio-health summary")
    expect(green_room.locator("studio-health tbody tr")).to_have_count(3)
    green_room.click("[data-part=setup-devices] > summary")
    green_room.check("input[value=saver]")
    expect(green_room.locator("studio-health tbody tr")).to_have_count(2)
    expect(green_room.locator("studio-health [data-figure=picture]")).to_contain_text("×480")
    assert green_room.evaluate("() => peers.length") == 1
    phase(green_room, "live")


def test_viewers_and_arriving_media_come_from_the_site(green_room: Page) -> None:
    go_live(green_room)
    expect(green_room.locator("studio-health [data-figure=received]")).to_contain_text("bit/s")
    expect(green_room.locator("[data-part=viewers]")).to_have_text("0")


def _by_button(page: Page) -> None:
    page.click("[data-part=cut] button")


@pytest.mark.parametrize("cut", [_by_button, escape_twice])
def test_cut_ends_media_here_at_once_and_then_the_room(green_room: Page, cut: Callable[[Page], None]) -> None:
    go_live(green_room)
    assert green_room.evaluate(SENDING) == 2
    cut(green_room)
    assert green_room.evaluate(SENDING) == 0
    assert green_room.evaluate(OPEN) == 0
    expect(green_room.locator("[data-part=ended-title]")).to_contain_text("Cut.")
    expect(green_room.locator("[data-part=ended-site]")).to_have_text("The room is closed for everyone.")
    assert state_of_room(green_room) == "offline"


def test_cut_works_while_the_site_is_out_of_reach(green_room: Page) -> None:
    go_live(green_room)
    green_room.route("**/cut", lambda route: route.abort())
    _by_button(green_room)
    assert green_room.evaluate(SENDING) == 0
    expect(green_room.locator("[data-part=ended-site]")).to_contain_text("Telling the site")
    green_room.unroute("**/cut")
    expect(green_room.locator("[data-part=ended-site]")).to_have_text("The room is closed for everyone.")


def test_away_lets_the_camera_go_and_coming_back_takes_it_again(green_room: Page) -> None:
    go_live(green_room)
    green_room.click("[data-part=away]")
    expect(green_room.locator("[data-part=away-badge]")).to_be_visible()
    assert (
        green_room.evaluate("() => tracks.some((track) => track.kind === 'video' && track.readyState === 'live')")
        is False
    )
    green_room.click("[data-part=away]")
    expect(green_room.locator("[data-part=away-badge]")).to_be_hidden()
    assert green_room.evaluate(SENDING) == 2
    phase(green_room, "live")


def test_killed_media_node_is_found_again_by_itself(green_room: Page, site: Site) -> None:
    go_live(green_room)
    site.kill_media()
    green_room.wait_for_function("() => phases.includes('reconnecting') && phases.at(-1) === 'live'")


def test_second_window_takes_over_and_the_first_one_stops(green_room: Page) -> None:
    go_live(green_room)
    second = enter(green_room.context.new_page())
    expect(second.locator("[data-part=go]")).to_be_enabled()
    second.click("[data-part=go]")
    second.click("[data-part=take-over]")
    phase(second, "live")
    phase(green_room, "ended")
    expect(green_room.locator("[data-part=ended-title]")).to_contain_text("another window")
    phase(second, "live")


def test_end_asks_first_and_says_how_long_it_was(green_room: Page) -> None:
    go_live(green_room)
    green_room.click("[data-part=end]")
    green_room.get_by_role("button", name="Stay live").click()
    phase(green_room, "live")
    green_room.click("[data-part=end]")
    green_room.click("[data-part=end-now]")
    phase(green_room, "ended")
    expect(green_room.locator("[data-part=ended-facts]")).to_contain_text("on air")


def test_pages_fit_a_small_phone(sign_in: SignIn) -> None:
    page = sign_in(HOST, permissions=["camera", "microphone"], viewport={"width": 320, "height": 640})
    for address in ("/studio/", "/studio/live/"):
        page.goto(address)
        assert page.evaluate("() => document.documentElement.scrollWidth") == 320
