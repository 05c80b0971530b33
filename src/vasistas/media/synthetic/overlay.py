"""What stands on every picture: a big clock with tenths and frame number, and the room's title."""

import datetime as dt

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from vasistas.media.synthetic.scenes.painting import Size

INK = (255, 255, 255)
ACCENT = (255, 214, 102)
TITLE_CHARS_MAX = 48
PANEL_SHADE = 96  # of 255


class Overlay:
    """Stamps clock and title on frames. Glyphs are drawn once; a frame pastes them."""

    def __init__(self, size: Size, title: str) -> None:
        unit = size[1] / 360
        self._unit = unit
        self._margin = round(14 * unit)
        self._digits = _glyphs("0123456789:.", round(40 * unit))
        self._small = _glyphs("0123456789#", round(13 * unit))
        self._clock_width = sum(self._digits[char].width for char in "00:00:00.0")
        panel = (self._clock_width + round(24 * unit), round(72 * unit))
        self._panel = _rounded(panel, round(12 * unit))
        self._place = (size[0] - panel[0] - self._margin, self._margin)
        self._title = _text(title[:TITLE_CHARS_MAX], round(19 * unit))
        self._title_place = (self._margin, self._margin)

    def stamp(self, picture: Image.Image, *, at: dt.datetime, number: int) -> None:
        """Draw onto `picture`. at: the time to show. number: of this frame."""
        unit = self._unit
        left, top = self._place
        picture.paste((0, 0, 0), self._place, self._panel)
        x, y = left + round(12 * unit), top + round(3 * unit)
        for char in f"{at:%H:%M:%S}.{at.microsecond // 100_000}":
            glyph = self._digits[char]
            picture.paste(INK, (x, y), glyph)
            x += glyph.width
        x, y = left + round(13 * unit), top + round(48 * unit)
        for char in f"#{number % 1_000_000:06d}":
            glyph = self._small[char]
            picture.paste(ACCENT, (x, y), glyph)
            x += glyph.width
        self._sweep(picture, at)
        if self._title is not None:
            mask, shadow = self._title
            picture.paste((0, 0, 0), self._title_place, shadow)
            picture.paste(INK, self._title_place, mask)

    def _sweep(self, picture: Image.Image, at: dt.datetime) -> None:
        """A bar that fills once a second: shows at a glance whether motion is even."""
        left, top = self._place
        width = self._panel.width - round(24 * self._unit)
        x, y = left + round(12 * self._unit), top + self._panel.height - round(6 * self._unit)
        thick = max(1, round(2 * self._unit))
        filled = round(width * at.microsecond / 1_000_000)
        picture.paste((120, 120, 130), (x, y, x + width, y + thick))
        if filled:
            picture.paste(ACCENT, (x, y, x + filled, y + thick))


def _glyphs(chars: str, size: int) -> dict[str, Image.Image]:
    """Return masks of equal width, so that the clock does not jitter; only colon and point are narrower."""
    font = ImageFont.load_default(size)
    widest = max(round(font.getlength(char)) for char in chars)
    glyphs = {}
    for char in chars:
        width = round(widest * 0.55) if char in ":." else widest
        mask = Image.new("L", (width, round(size * 1.25)))
        ImageDraw.Draw(mask).text(((width - font.getlength(char)) / 2, 0), char, font=font, fill=255)
        glyphs[char] = mask
    return glyphs


def _rounded(size: Size, radius: int) -> Image.Image:
    large = Image.new("L", (size[0] * 2, size[1] * 2))
    ImageDraw.Draw(large).rounded_rectangle((0, 0, large.width - 1, large.height - 1), radius * 2, fill=PANEL_SHADE)
    return large.resize(size, Image.Resampling.LANCZOS)


def _text(text: str, size: int) -> tuple[Image.Image, Image.Image] | None:
    """Return the masks of a line of text and of its soft shadow."""
    if not text.strip():
        return None
    font = ImageFont.load_default(size)
    box = (round(font.getlength(text)) + size, round(size * 1.9))
    mask = Image.new("L", box)
    ImageDraw.Draw(mask).text((size * 0.25, size * 0.25), text, font=font, fill=255)
    shadow = mask.filter(ImageFilter.GaussianBlur(size / 7)).point([min(200, level * 2) for level in range(256)])
    return mask, shadow
