"""Chromium: milliseconds from the WHEP POST to the first decoded frame, and how old the picture is on the screen.

`join.py [--joins 40] [--seconds 10]`; one JSON line. A canvas shows a clock as bits, published by WHIP from one page;
another page reads the pixels of each frame. Joins back to back wait for the node's
key frame pause (500 ms) and are shown apart. The baseline is the same clock sent directly from browser to browser.
goal on loopback: join median <= 200 ms, p95 <= 500 ms; glass to glass median <= 100 ms.
"""

import argparse
import json
import random
import secrets
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from peers import node
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
PAGE = (Path(__file__).parent / "peers" / "pages.html").read_text()
SETTLE_MS = 3_000
CONTROL_PORT = 9270  # and the one above it for media
GRANT_S = 600
PAUSE_MS = (600, 1_400)  # between joins: the node asks its publisher for one key frame per 500 ms at most
GOAL_JOIN_MS, GOAL_JOIN_P95_MS, GOAL_GLASS_MS = 200, 500, 100


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joins", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    figures: dict[str, object] = {"bench": "join"}
    address = "127.0.0.1"
    with node.Node(address=address, control_port=CONTROL_PORT), sync_playwright() as playwright:
        url = f"http://{address}:{CONTROL_PORT}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        figures |= _through_node(browser, url, options)
        figures |= _direct(browser, url, options.seconds)
        browser.close()
    figures["goal"] = f"join <= {GOAL_JOIN_MS} ms, p95 <= {GOAL_JOIN_P95_MS} ms; glass to glass <= {GOAL_GLASS_MS} ms"
    figures["is_met"] = (
        figures["joins_failed"] == 0
        and figures["join_ms"] <= GOAL_JOIN_MS
        and figures["join_p95_ms"] <= GOAL_JOIN_P95_MS
        and figures["glass_to_glass_ms"] <= GOAL_GLASS_MS
    )
    print(json.dumps(figures))


def _through_node(browser: Browser, url: str, options: argparse.Namespace) -> dict[str, object]:
    host, viewer = _page(browser, url), _page(browser, url)
    host.evaluate("grant => publish(grant)", _grant("publish"))
    viewer.wait_for_timeout(SETTLE_MS)
    took_ms, failed = _joins(viewer, options.joins, pause_ms=PAUSE_MS)
    crowd_ms, crowd_failed = _joins(viewer, options.joins // 2, pause_ms=(0, 0))
    arguments = [_grant("play"), options.seconds]
    ages_ms = viewer.evaluate("([grant, seconds]) => watch(grant, seconds)", arguments)
    host.context.close()
    viewer.context.close()
    return {
        "joins": len(took_ms),
        "joins_failed": failed + crowd_failed,
        **_spread("join", took_ms),
        **_spread("join_back_to_back", crowd_ms),
        **_spread("glass_to_glass", ages_ms),
        "frames": len(ages_ms),
    }


def _joins(viewer: Page, count: int, *, pause_ms: tuple[int, int]) -> tuple[list[float], int]:
    """Return how long each of `count` joins took, and how many failed."""
    rng = random.Random(1)
    took_ms: list[float] = []
    failed = 0
    for _ in range(count):
        try:
            took_ms.append(viewer.evaluate("grant => join(grant)", _grant("play")))
        except PlaywrightError as error:
            failed += 1
            print(f"join failed: {str(error)[:200]}", file=sys.stderr)
        viewer.wait_for_timeout(rng.uniform(*pause_ms))
    return took_ms, failed


def _direct(browser: Browser, url: str, seconds: float) -> dict[str, object]:
    host, viewer = _page(browser, url), _page(browser, url)
    offer = host.evaluate("() => directOffer()")
    answer = viewer.evaluate("offer => directAnswer(offer)", offer)
    host.evaluate("answer => direct.setRemoteDescription({type: 'answer', sdp: answer})", answer)
    viewer.evaluate("() => nextFrame(screen_, 10000)")
    viewer.wait_for_timeout(SETTLE_MS)
    return _spread("direct_glass_to_glass", viewer.evaluate("seconds => ages(screen_, seconds)", seconds))


def _page(browser: Browser, url: str) -> Page:
    """Open our page as if the node served it: its API is then of the same origin."""
    page = browser.new_context().new_page()
    page.on("console", lambda message: print(f"page: {message.text}", file=sys.stderr))
    page.route(f"{url}/bench", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.goto(f"{url}/bench")
    return page


def _grant(act: str) -> str:
    claims = {"act": act, "room": node.ROOM, "session": secrets.token_hex(16)}
    return grants.sign(claims, audience="media", ttl_s=GRANT_S, key=node.KEY.encode(), now=time.time())


def _spread(name: str, values: Sequence[float]) -> dict[str, object]:
    if len(values) < 2:
        return {f"{name}_ms": None, f"{name}_p95_ms": None}
    p95 = statistics.quantiles(values, n=20)[-1]
    return {f"{name}_ms": round(statistics.median(values), 1), f"{name}_p95_ms": round(p95, 1)}


if __name__ == "__main__":
    main()
