"""A host without a camera: a moving test picture with clock and tune, published over real WHIP. The demo's rooms live.

`still` needs Pillow alone; `python -m vasistas.media.synthetic` needs requirements/demo (PyAV) too.
"""

import datetime as dt
import functools
import io

from vasistas.media.synthetic.overlay import Overlay
from vasistas.media.synthetic.scenes import SCENES, Scene

STILL_SIZE = (640, 360)
STILL_QUALITY = 82


def still(scene: str, *, title: str = "", t: float = 12.0, at: dt.datetime | None = None) -> bytes:
    """Return a WebP still of a scene, as a room's thumbnail. at: the time its clock shows; None: no clock, no title."""
    picture = _scene(scene).frame(t)
    if at is not None:
        Overlay(STILL_SIZE, title).stamp(picture, at=at, number=round(t * 20))
    target = io.BytesIO()
    picture.save(target, "WEBP", quality=STILL_QUALITY)
    return target.getvalue()


@functools.cache
def _scene(name: str) -> Scene:
    return SCENES[name](STILL_SIZE)


__all__ = ["SCENES", "still"]
