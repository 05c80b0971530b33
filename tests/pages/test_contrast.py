"""Text can be read: the tokens' pairs of ink and ground reach WCAG 2.2 AA, by day and by night."""

import re
from pathlib import Path

import pytest
from django.conf import settings

CSS = Path(settings.PACKAGE) / "static/vasistas/css"
TEXT = 4.5  # SC 1.4.3
PART = 3.0  # SC 1.4.11: edges of controls, focus

GROUNDS = ("page", "surface", "surface-raised", "surface-sunken", "surface-hover")
TEXT_PAIRS = [
    *((ink, ground) for ground in GROUNDS for ink in ("text", "text-soft", "accent-text", "danger-text")),
    *(("text", f"{meaning}-soft") for meaning in ("info", "warning", "danger", "good", "accent")),
    *((f"{meaning}-text", f"{meaning}-soft") for meaning in ("info", "warning", "danger", "good", "accent")),
    ("good-text", "surface"),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-hover"),
    ("live-ink", "live"),
    ("live-ink", "danger"),
    ("live-ink", "adult"),
]
PART_PAIRS = [
    *(("line-control", ground) for ground in ("page", "surface", "surface-raised", "surface-sunken")),
    *(("focus", ground) for ground in GROUNDS),
    ("accent", "page"),
    ("accent", "surface"),
]
SAID_IN_COMPONENTS = [  # ink and ground that stand as colours in a file of css/components
    ("#231601", "#ffc266"),  # .badge--away, ::selection
    ("#f3f7f4", "#113d33"),  # .hero
    ("#ffc266", "#113d33"),  # links in .hero
    ("#ffffff", "#35495e"),  # .badge--private
    ("#f3f7f4", "#113d33"),  # .facade-band
    ("#cfe0d8", "#061512"),  # .window, dark
    ("#231601", "#ffc266"),  # .window--holds
    ("#ffffff", "#cf2136"),  # .window--violated
    ("#ffffff", "#1f5078"),  # .window--attested
    ("#ffffff", "#17604d"),  # .window--not-applicable
]


def tokens() -> dict[str, tuple[str, str]]:
    """Name → colour by day, by night."""
    found = {}
    for name, value in re.findall(r"--([a-z-]+):\s*([^;]+);", (CSS / "tokens.css").read_text()):
        if one := re.fullmatch(r"#[0-9a-f]{6}", value):
            found[name] = (one.group(), one.group())
        elif two := re.fullmatch(r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", value):
            found[name] = (two.group(1), two.group(2))
    return found


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def too_weak(pairs: list[tuple[str, str]], least: float) -> dict[str, float]:
    known = tokens()
    measured = {
        f"{ink} on {ground}, {scheme}": round(contrast(known[ink][index], known[ground][index]), 2)
        for ink, ground in pairs
        for index, scheme in enumerate(("day", "night"))
    }
    return {pair: ratio for pair, ratio in measured.items() if ratio < least}


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1)]
)
def test_contrast_is_measured_as_wcag_does(one, other, ratio):
    assert round(contrast(one, other), 2) == ratio
    assert contrast(one, other) == contrast(other, one)


def test_text_can_be_read_on_every_ground_it_stands_on():
    assert too_weak(TEXT_PAIRS, TEXT) == {}


def test_edges_of_controls_and_focus_can_be_seen():
    assert too_weak(PART_PAIRS, PART) == {}


def test_avatars_carry_white_letters():
    css = (CSS / "components/small.css").read_text()
    paints = re.findall(r"\.avatar(?:--\d)? \{[^}]*?background: (#[0-9a-f]{6})", css)

    assert len(paints) == 8
    assert [paint for paint in paints if contrast("#ffffff", paint) < TEXT] == []


@pytest.mark.parametrize(("ink", "ground"), SAID_IN_COMPONENTS)
def test_colours_of_components_can_be_read(ink, ground):
    assert contrast(ink, ground) >= TEXT
