import pytest

from vasistas.sms.segments import count


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("a" * 460, 4),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 153, 3),  # the € would be parted: it moves to the second, and fills it
        ("é" * 160, 1),
        ("ê" + "a" * 69, 1),
        ("ê" + "a" * 70, 2),
        ("ê" * 134, 2),
        ("ê" * 135, 3),
        ("🎉" * 35, 1),
        ("🎉" * 36, 2),
        ("🎉" * 66, 2),
        ("🎉" * 67, 3),
    ],
)
def test_segments_are_counted_as_telephones_do(text, segments):
    assert count(text) == segments
