"""The synthetic host's pictures by name. Each is a class: `Scene(size)` paints once, `frame(t)` is cheap."""

from typing import Protocol

from PIL import Image

from vasistas.media.synthetic.scenes.aquarium import Aquarium
from vasistas.media.synthetic.scenes.aurora import Aurora
from vasistas.media.synthetic.scenes.harbour import Harbour
from vasistas.media.synthetic.scenes.night import Night
from vasistas.media.synthetic.scenes.painting import Size


class Scene(Protocol):
    """A moving picture: the same second gives the same frame."""

    def __init__(self, size: Size) -> None: ...

    def frame(self, t: float) -> Image.Image: ...


SCENES: dict[str, type[Scene]] = {"aquarium": Aquarium, "aurora": Aurora, "harbour": Harbour, "night": Night}

__all__ = ["SCENES", "Scene"]
