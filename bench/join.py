"""Chromium: milliseconds from the WHEP POST to the first frame on the screen, and how old the picture there is.

One page draws a clock and publishes it by WHIP with the site's own code, another one joins by WHEP and reads the clock
from the pixels of each frame; both stand in one browser and share its clock. The baseline is the same clock over one
direct connection from page to page; rounds alternate, because the machine may be busy. Prints one JSON line:
  join_ms_median, join_ms_p95            POST → first frame, joins at random moments
  rush_join_ms_…                         back to back: these wait for the node's pause of 500 ms between key frames
  glass_ms_…, direct_glass_ms_…          age of the frames on the screen, through the node and directly
`python bench/join.py [--quick]`; needs chromium (`apt install chromium`). Goals on loopback are in GOALS.
"""

import argparse
import json
import os
import random
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from joining import figures
from soaking import node as nodes
from vasistas.lib import grants

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]
GOALS = {"join_ms_median": 200.0, "join_ms_p95": 500.0, "glass_ms_median": 100.0}
ROOM = "join"
JOINS, RUSH_JOINS, ROUNDS, ROUND_S = 40, 12, 3, 6.0
QUICK_JOINS, QUICK_RUSH_JOINS, QUICK_ROUNDS, QUICK_ROUND_S = 20, 4, 1, 4.0
PAUSE_S = (0.6, 1.4)  # between joins: longer than the node's pause between key frames
SETTLE_MS = 2_500
GRANT_S = 60
FOLDER = Path(__file__).resolve().parent / "joining"
LIBRARY = Path(__file__).resolve().parent.parent / "src" / "vasistas" / "static" / "vasistas" / "js" / "lib"
PAGE = '<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="page.mjs"></script>'


class Stage:
    """The node and the two pages."""

    def __init__(self, node: nodes.Node, browser: Browser) -> None:
        self._node = node
        self.host, self.viewer = self._page(browser), self._page(browser)

    def _page(self, browser: Browser) -> Page:
        """Open our page as if the node served it: its API is of the same origin then, and nothing stands between."""
        page = browser.new_context().new_page()
        files = {path.name: path for path in FOLDER.glob("*.mjs")} | {
            f"lib/{path.name}": path for path in LIBRARY.glob("*.js")
        }

        def serve(route: Any) -> None:
            name = route.request.url.removeprefix(f"{self._node.url}/bench/")
            if name in files:
                route.fulfill(path=files[name], content_type="text/javascript")
            else:
                route.fulfill(body=PAGE, content_type="text/html")

        page.route(f"{self._node.url}/bench/**", serve)
        page.goto(f"{self._node.url}/bench/")
        page.wait_for_function("window.bench")
        page.unroute_all()  # an interception would cost each request some milliseconds
        return page

    def act(self, page: Page, name: str, **values: object) -> Any:
        return page.evaluate("([name, values]) => bench[name](values)", [name, values])

    def grant(self, act: str) -> str:
        claims = {"act": act, "room": ROOM, "session": secrets.token_hex(16), "takeover": True}
        return grants.sign(claims, audience="media", ttl_s=GRANT_S, key=self._node.key, now=time.time())

    def publish(self) -> None:
        self.act(self.host, "publish", grant=self.grant("publish"))
        self.host.wait_for_timeout(SETTLE_MS)

    def joins(self, count: int, *, pause_s: tuple[float, float], chance: random.Random) -> tuple[list[float], int]:
        """Return how long each join took, and how many failed."""
        took_ms: list[float] = []
        for _ in range(count):
            try:
                took_ms.append(self.act(self.viewer, "join", grant=self.grant("play")))
            except PlaywrightError as error:
                print(f"join: a join failed: {error.message.splitlines()[0]}", file=sys.stderr)
            self.act(self.viewer, "leave")
            self.viewer.wait_for_timeout(chance.uniform(*pause_s) * 1_000)
        return took_ms, count - len(took_ms)

    def glass(self, seconds: float) -> tuple[list[float], int]:
        """Return the ages of the frames that came through the node, and how many could not be read."""
        self.act(self.viewer, "join", grant=self.grant("play"))
        return self._ages(seconds)

    def direct_glass(self, seconds: float) -> tuple[list[float], int]:
        """The same from page to page. The host's way to the node is closed meanwhile: one encoder at a time."""
        self.act(self.host, "leave")
        answer = self.act(self.viewer, "answer", sdp=self.act(self.host, "offer"))
        self.act(self.host, "accept", sdp=answer)
        self.act(self.viewer, "firstFrame")
        found = self._ages(seconds)
        self.act(self.host, "leave")
        return found

    def _ages(self, seconds: float) -> tuple[list[float], int]:
        self.viewer.wait_for_timeout(SETTLE_MS)
        found = self.act(self.viewer, "ages", seconds=seconds)
        self.act(self.viewer, "leave")
        return found["ages"], found["unread"]


def measure(stage: Stage, *, is_quick: bool) -> dict[str, Any]:
    chance = random.Random(1)
    rounds, round_s = (QUICK_ROUNDS, QUICK_ROUND_S) if is_quick else (ROUNDS, ROUND_S)
    stage.publish()
    stage.joins(2, pause_s=PAUSE_S, chance=chance)  # the browser loads its codecs
    joins, failed = stage.joins(QUICK_JOINS if is_quick else JOINS, pause_s=PAUSE_S, chance=chance)
    rush, rush_failed = stage.joins(QUICK_RUSH_JOINS if is_quick else RUSH_JOINS, pause_s=(0, 0), chance=chance)
    through: list[float] = []
    direct: list[float] = []
    unread = 0
    for _ in range(rounds):
        for ages, (found, unclear) in ((through, stage.glass(round_s)), (direct, stage.direct_glass(round_s))):
            ages.extend(found)
            unread += unclear
        stage.publish()
    return {
        "bench": "join",
        "joins": len(joins),
        "joins_failed": failed + rush_failed,
        **figures.spread("join_ms", joins),
        **figures.spread("rush_join_ms", rush),
        **figures.spread("glass_ms", through),
        **figures.spread("direct_glass_ms", direct),
        "frames": len(through),
        "direct_frames": len(direct),
        "frames_unread": unread,
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Time to the first frame and glass to glass in Chromium; a JSON line.")
    parser.add_argument("--quick", action="store_true", help="20 joins, one round of 4 s")
    options = parser.parse_args()
    with nodes.running() as node, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        found = measure(Stage(node, browser), is_quick=options.quick)
        browser.close()
    missed = figures.misses(found, GOALS)
    print(json.dumps({**found, "goals": GOALS, "met": not missed and not found["joins_failed"]}))
    for sentence in missed:
        print(f"join: {sentence}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
