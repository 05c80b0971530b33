"""Brushes the scenes share: everything dear is painted once, at start; a frame only pastes."""

import itertools
import math
import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageFilter

type Colour = tuple[int, int, int]
type Size = tuple[int, int]
type Stops = Sequence[tuple[float, Colour]]

SUPERSAMPLING = 4  # shapes are drawn this much larger and scaled down: smooth edges without an anti-aliasing brush


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return the colour `share` (0..1) of the way from `one` to `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def at_stop(stops: Stops, place: float) -> Colour:
    """Return the colour of a gradient at `place` (0..1). stops: [(place, colour)], rising."""
    for (from_, one), (to, other) in itertools.pairwise(stops):
        if place <= to:
            return mix(one, other, (place - from_) / (to - from_) if to > from_ else 1.0)
    return stops[-1][1]


def gradient(size: Size, stops: Stops, *, seed: int = 1) -> Image.Image:
    """Paint a vertical gradient with a grain so fine that no bands show after coding."""
    width, height = size
    column = Image.new("RGB", (1, height))
    column.putdata([at_stop(stops, y / max(1, height - 1)) for y in range(height)])
    painted = column.resize(size)
    rng = random.Random(seed)  # noqa: S311 — a grain, not a secret
    grain = Image.frombytes("L", (128, 128), bytes(rng.choice((0, 0, 1, 2)) for _ in range(128 * 128)))
    tiled = Image.new("L", size)
    for x in range(0, width, 128):
        for y in range(0, height, 128):
            tiled.paste(grain, (x, y))
    return ImageChops.add(painted, Image.merge("RGB", (tiled, tiled, tiled)))


def glow_mask(diameter: int, *, strength: float = 1.0, falloff: float = 2.0) -> Image.Image:
    """Return a round mask that fades from `strength` (0..1) in the middle to nothing."""
    table = [round(255 * strength * max(0.0, 1 - level / 180) ** falloff) for level in range(256)]
    return Image.radial_gradient("L").point(table).resize((diameter, diameter), Image.Resampling.BICUBIC)


def shrink(drawn: Image.Image) -> Image.Image:
    """Scale a drawing made at `SUPERSAMPLING` times its size down to its size."""
    return drawn.resize(
        (max(1, drawn.width // SUPERSAMPLING), max(1, drawn.height // SUPERSAMPLING)), Image.Resampling.LANCZOS
    )


def soft_noise(size: Size, cells: Size, *, seed: int, blur: float = 0.0) -> Image.Image:
    """Return smooth random light and dark (mode L) of about `cells` patches across and down; joins left to right."""
    rng = random.Random(seed)  # noqa: S311 — a pattern, not a secret
    columns, rows = cells
    small = Image.new("L", (columns + 4, rows))
    for y in range(rows):
        row = [rng.randrange(256) for _ in range(columns)]
        for x in range(columns + 4):
            small.putpixel((x, y), row[(x - 2) % columns])
    cell = size[0] / columns
    wide = small.resize((round((columns + 4) * cell), size[1]), Image.Resampling.BICUBIC)
    noise = wide.crop((round(2 * cell), 0, round(2 * cell) + size[0], size[1]))
    return noise.filter(ImageFilter.GaussianBlur(blur)) if blur else noise


def ridge(width: int, *, seed: int, roughness: int = 5) -> list[float]:
    """Return heights (0..1), one per column, of a mountain line that joins left to right."""
    rng = random.Random(seed)  # noqa: S311 — a landscape, not a secret
    waves = [
        (2 * math.pi * cycles / width, rng.random() * 2 * math.pi, 1 / (1 + order) ** 1.15)
        for order, cycles in enumerate(sorted(rng.randint(1, 3 + 5 * step) for step in range(roughness)))
    ]
    heights = [sum(size * math.sin(x * speed + phase) for speed, phase, size in waves) for x in range(width)]
    low, high = min(heights), max(heights)
    return [(height - low) / (high - low or 1.0) for height in heights]


def paste_wrapped(target: Image.Image, colour: Colour | Image.Image, mask: Image.Image, *, x: float, y: int) -> None:
    """Paste through a mask as wide as a scrolling loop: its left edge follows its right one."""
    offset = int(x) % mask.width
    for left in (-offset, mask.width - offset):
        if left < target.width and left + mask.width > 0:
            target.paste(colour, (left, y, left + mask.width, y + mask.height), mask)
