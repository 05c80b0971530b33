"""Make the pictures of the README from the running demo, as a visitor and a host see it."""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.e2e.conftest import CHROMIUM, FAKE_DEVICES, FLAGS  # noqa: E402 — the path is set above
from tests.e2e.site import Site, running  # noqa: E402 — see above

FOLDER = ROOT / "docs/images"
SIZE = {"width": 1280, "height": 800}
QUALITY = 82
PICTURE_S = 30


def keep(page: Page, name: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    Image.open(io.BytesIO(page.screenshot())).save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)
    print(f"docs/images/{name}.webp")


def visitor(browser: Browser, site: Site) -> None:
    page = browser.new_context(base_url=site.url, viewport=SIZE, color_scheme="dark").new_page()
    page.goto("/rooms/reef/")
    page.wait_for_function(
        "() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames > 60",
        timeout=PICTURE_S * 1_000,
    )
    page.wait_for_function("() => document.querySelectorAll('.chat__line').length >= 6", timeout=PICTURE_S * 1_000)
    keep(page, "watch")
    page.goto("/")
    page.wait_for_function(
        "() => document.querySelectorAll('img[src*=\"/thumbnails/\"]').length >= 2", timeout=PICTURE_S * 1_000
    )
    keep(page, "home")


def host(browser: Browser, site: Site) -> None:
    page = browser.new_context(base_url=site.url, viewport=SIZE, color_scheme="dark").new_page()
    page.goto("/accounts/login/")
    mail, password = site.logins["Mira"]
    page.fill("input[name=login]", mail)
    page.fill("input[name=password]", password)
    page.click("main form button[type=submit]")
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto("/studio/live/")
    page.wait_for_function(
        "() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames > 30",
        timeout=PICTURE_S * 1_000,
    )
    keep(page, "green-room")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "data") as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *FAKE_DEVICES])
        visitor(browser, site)
        host(browser, site)
        browser.close()


if __name__ == "__main__":
    main()
