import pytest
from hypothesis import given
from hypothesis import strategies as st

from vasistas.media.sfu import vp8


@pytest.mark.parametrize(
    ("payload", "picture", "tl0"),
    [
        (b"\x90\xe0\x85\x05\x07\x20\x00", 0x505, 7),
        (b"\x90\x80\x85\x05\x00", 0x505, None),
        (b"\x90\xc0\x05\x07\x00", 5, 7),
        (b"\x90\x40\x07\x00", None, 7),
    ],
)
def test_numbers_are_read_and_moved(payload, picture, tl0):
    found = vp8.numbers(payload)
    assert found is not None
    assert (found.picture, found.tl0) == (picture, tl0)

    moved = vp8.numbers(vp8.shifted(payload, found, vp8.Shift(picture=2, tl0=-3)))
    assert moved is not None
    assert (moved.picture, moved.tl0) == (picture and picture + 2, tl0 and tl0 - 3)


@pytest.mark.parametrize("payload", [b"", b"\x10\x00\x00\x00", b"\x90\x80"])
def test_a_descriptor_without_numbers_has_none(payload):
    assert vp8.numbers(payload) is None


@given(st.binary(max_size=12), st.integers(-40_000, 40_000), st.integers(-300, 300))
def test_moving_changes_nothing_but_the_numbers(payload, picture, tl0):
    found = vp8.numbers(payload)
    if found is None:
        return
    moved = vp8.shifted(payload, found, vp8.Shift(picture, tl0))

    assert len(moved) == len(payload)
    assert vp8.shifted(moved, vp8.numbers(moved), vp8.Shift(-picture, -tl0)) == payload


def test_what_follows_counts_on():
    latest, first = vp8.numbers(b"\x90\xe0\x80\x09\x07\x20\x00"), vp8.numbers(b"\x90\xe0\x81\x00\x50\x20\x00")

    assert vp8.following(latest, first, before=vp8.Shift(1, 2)) == vp8.Shift(9 + 1 + 1 - 256, 7 + 2 + 1 - 80)
    assert vp8.following(None, first, before=vp8.Shift(1, 2)) == vp8.Shift(1, 2)
