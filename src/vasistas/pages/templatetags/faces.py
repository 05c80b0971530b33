"""Small words and figures of the templates: `{% load faces %}`."""

import zlib

from django import template

register = template.Library()

AVATAR_HUES = 8  # .avatar (hue 0) and .avatar--1 … .avatar--7 in css/components/small.css
THOUSAND = 1000
DECIMAL_BELOW = 10  # 1.2K, but 34K
CATEGORY_ICONS = {
    "music": "music",
    "talk": "mic-vocal",
    "teaching": "graduation-cap",
    "coaching": "compass",
    "art": "palette",
    "cooking": "chef-hat",
    "games": "gamepad-2",
    "sport": "dumbbell",
    "nature": "leaf",
    "places": "map-pin",
    "shows": "sparkles",
}


@register.filter
def initial(name: str) -> str:
    """The letter that stands for a name in its round."""
    return name.strip()[:1].upper() or "?"


@register.filter
def hue(name: str) -> int:
    """The same colour for the same name, on every page and every machine."""
    return zlib.crc32(name.casefold().encode()) % AVATAR_HUES


@register.filter
def compact(count: int | None) -> str:
    """`950`, `1.2K`, `34K`, `1.2M`; the same rule as js/lib/format.js."""
    figure = float(count or 0)
    for unit in ("", "K", "M"):
        if figure < THOUSAND or unit == "M":
            break
        figure /= THOUSAND
    shown = f"{int(figure * 10) / 10:.1f}" if unit and figure < DECIMAL_BELOW else str(int(figure))
    return f"{shown.removesuffix('.0')}{unit}"


@register.filter
def category_icon(key: str) -> str:
    """The icon of a category of rooms."""
    return CATEGORY_ICONS.get(key, "door-open")


@register.filter
def clock(seconds: float | None) -> str:
    """`0:05`, `12:40`, `1:02:03`; the same rule as js/lib/show-clock.js."""
    minutes, rest = divmod(max(0, int(seconds or 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
