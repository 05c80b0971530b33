"""A camera whose picture never rests: small, so that slow machines keep up, and so full that a coder fills its rate.

Chromium's own fake camera shows so little that every layer is far below the rate it may have.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserType

from tests.e2e.conftest import CHROMIUM, FAKE_DEVICES, FLAGS

SIZE = (640, 360)
FPS = 10
FRAMES = 12
GREYS = bytes(64 + level // 2 for level in range(256))


def film(path: Path) -> Path:
    """Write a short film of grey noise that Chromium plays as a camera, again and again."""
    width, height = SIZE
    noise = random.Random(1)  # the same film in every run
    chroma = bytes([128]) * (width // 2 * height // 2 * 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
        for _ in range(FRAMES):
            file.write(b"FRAME\n" + noise.randbytes(width * height).translate(GREYS) + chroma)
    return path


@contextmanager
def showing(film: Path, chromium: BrowserType) -> Iterator[Browser]:
    """A Chromium of its own with that film as its camera."""
    flags = [*FLAGS, *FAKE_DEVICES, f"--use-file-for-fake-video-capture={film}"]
    browser = chromium.launch(executable_path=CHROMIUM, args=flags)
    try:
        yield browser
    finally:
        browser.close()
