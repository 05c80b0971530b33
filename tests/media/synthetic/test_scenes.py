import datetime as dt
import io

import pytest
from PIL import Image, ImageChops

from vasistas.media import synthetic
from vasistas.media.synthetic.overlay import Overlay

SIZE = (320, 180)
NOON = dt.datetime(2026, 11, 22, 12, 0, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize("name", sorted(synthetic.SCENES))
def test_a_scene_moves_and_repeats_itself_exactly(name):
    scene = synthetic.SCENES[name](SIZE)

    first, later = scene.frame(3.0), scene.frame(4.0)

    assert (first.size, first.mode) == (SIZE, "RGB")
    assert ImageChops.difference(first, later).getbbox() is not None
    assert scene.frame(3.0).tobytes() == first.tobytes()


@pytest.mark.parametrize("name", sorted(synthetic.SCENES))
def test_a_scene_goes_on_for_days(name):
    scene = synthetic.SCENES[name](SIZE)

    assert scene.frame(1_000_000.25).size == SIZE


def test_the_clock_changes_with_the_second():
    overlay = Overlay(SIZE, "The reef")
    pictures = [Image.new("RGB", SIZE, (0, 60, 90)) for _ in range(3)]

    for picture, second in zip(pictures, (0, 0, 1), strict=True):
        overlay.stamp(picture, at=NOON + dt.timedelta(seconds=second), number=1)

    assert pictures[0].tobytes() == pictures[1].tobytes()
    assert pictures[0].tobytes() != pictures[2].tobytes()


@pytest.mark.parametrize("title", ["", "   ", "x" * 500, "Ünïcode 水"])
def test_any_title_can_be_drawn(title):
    picture = Image.new("RGB", SIZE)

    Overlay(SIZE, title).stamp(picture, at=NOON, number=10**9)

    assert picture.getbbox() is not None


def test_a_still_is_a_small_webp():
    still = synthetic.still("aurora", title="Night", at=NOON)

    with Image.open(io.BytesIO(still)) as picture:
        assert (picture.format, picture.size) == ("WEBP", synthetic.STILL_SIZE)
    assert len(still) < 80_000
