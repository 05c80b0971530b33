"""Night sky: slow stars, a moon, hills that pass as from a train window, lit huts, now and then a falling star."""

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from vasistas.media.synthetic.scenes import painting
from vasistas.media.synthetic.scenes.painting import SUPERSAMPLING, Colour, Size

SKY = ((0.0, (8, 8, 34)), (0.5, (32, 26, 84)), (0.8, (92, 56, 128)), (1.0, (206, 108, 128)))
HILLS: tuple[tuple[Colour, float, float], ...] = (
    ((88, 60, 128), 0.36, 5.0),
    ((54, 40, 98), 0.27, 14.0),
    ((26, 22, 62), 0.17, 38.0),
)
FALLING_EVERY_S, FALLING_S = 6.5, 0.9
MOON = (0.3, 0.3, 26)


class Night:
    """One night ride. `frame(t)` is the picture at second `t`."""

    def __init__(self, size: Size) -> None:
        self._size, self._unit = size, size[1] / 360
        rng = random.Random(11)  # noqa: S311 — a picture, not a secret
        self._sky = self._paint_sky(rng)
        self._hills = [self._paint_hill(index) for index in range(len(HILLS))]
        self._trees = self._paint_trees(rng)
        self._lights = [(rng.random(), rng.uniform(0.02, 0.1)) for _ in range(12)]
        self._lamp = painting.glow_mask(int(26 * self._unit), strength=0.9)
        self._twinkles = [(rng.random(), rng.random() ** 1.5 * 0.5, rng.random() * 9) for _ in range(60)]

    def frame(self, t: float) -> Image.Image:
        """Return the picture at second `t`."""
        width, height = self._size
        picture = self._sky.copy()
        brush = ImageDraw.Draw(picture)
        for x, y, phase in self._twinkles:
            shine = 0.5 + 0.5 * math.sin(t * 1.9 + phase * 4)
            colour = painting.mix((70, 66, 130), (255, 250, 240), shine)
            brush.ellipse((x * width - 0.6, y * height - 0.6, x * width + 0.6, y * height + 0.6), fill=colour)
        self._fall(brush, t)
        for (colour, reach, speed), hill in zip(HILLS, self._hills, strict=True):
            y = height - hill.height
            painting.paste_wrapped(picture, colour, hill, x=t * speed * self._unit, y=y)
            if reach == HILLS[1][1]:
                self._shine(picture, t * speed * self._unit, hill.width)
        trees = self._trees
        painting.paste_wrapped(picture, (10, 10, 32), trees, x=t * 92 * self._unit, y=height - trees.height)
        return picture

    def _fall(self, brush: ImageDraw.ImageDraw, t: float) -> None:
        number, into = divmod(t, FALLING_EVERY_S)
        if into > FALLING_S:
            return
        rng = random.Random(int(number))  # noqa: S311 — a picture, not a secret
        width, height = self._size
        x, y, lean = rng.uniform(0.1, 0.6) * width, rng.uniform(0.04, 0.2) * height, rng.uniform(0.3, 0.6)
        run = into / FALLING_S
        for step in range(12):
            at, next_at = run - step * 0.012, run - (step + 1) * 0.012
            span = 170 * self._unit
            shine = (1 - step / 12) * math.sin(math.pi * run)
            brush.line(
                (x + at * span, y + at * span * lean, x + next_at * span, y + next_at * span * lean),
                fill=painting.mix((30, 26, 84), (255, 252, 230), max(0.0, shine)),
                width=2 if step < 6 else 1,  # noqa: PLR2004 — head and tail
            )

    def _shine(self, picture: Image.Image, scrolled: float, loop: int) -> None:
        for place, up in self._lights:
            x = int((place * loop - scrolled) % loop)
            y = int(self._size[1] * (0.93 - up))
            picture.paste((255, 206, 120), (x - self._lamp.width // 2, y - self._lamp.height // 2), self._lamp)
            picture.paste((255, 236, 190), (x - 1, y - 1, x + 2, y + 2))

    def _paint_sky(self, rng: random.Random) -> Image.Image:
        width, height = self._size
        sky = painting.gradient(self._size, SKY)
        band = painting.soft_noise(self._size, (9, 6), seed=4, blur=6)
        veil = ImageChops.multiply(band, Image.linear_gradient("L").rotate(180).resize(self._size))
        sky.paste((120, 104, 190), (0, 0), veil.point([max(0, (level - 60) // 3) for level in range(256)]))
        brush = ImageDraw.Draw(sky)
        for _ in range(420):
            shine = rng.random() ** 3
            x, y = rng.random() * width, rng.random() ** 1.4 * height * 0.75
            brush.point((x, y), fill=painting.mix((74, 70, 130), (255, 255, 250), shine))
        self._paint_moon(sky)
        return sky

    def _paint_moon(self, sky: Image.Image) -> None:
        width, height = self._size
        x, y, radius = int(MOON[0] * width), int(MOON[1] * height), int(MOON[2] * self._unit)
        halo = painting.glow_mask(radius * 9, strength=0.55)
        sky.paste((230, 214, 255), (x - halo.width // 2, y - halo.height // 2), halo)
        edge = radius * 2 * SUPERSAMPLING
        disc = Image.new("L", (edge, edge))
        ImageDraw.Draw(disc).ellipse((4, 4, edge - 5, edge - 5), fill=255)
        face = Image.new("RGB", (radius * 2, radius * 2), (252, 246, 226))
        spots = ImageDraw.Draw(face)
        for left, top, size in ((0.24, 0.3, 0.26), (0.56, 0.5, 0.22), (0.42, 0.72, 0.14), (0.6, 0.2, 0.12)):
            edge = radius * 2
            spots.ellipse((left * edge, top * edge, (left + size) * edge, (top + size) * edge), fill=(228, 218, 206))
        sky.paste(face.filter(ImageFilter.GaussianBlur(1.5)), (x - radius, y - radius), painting.shrink(disc))

    def _paint_hill(self, index: int) -> Image.Image:
        _, reach, _ = HILLS[index]
        width, height = int(self._size[0] * (1.6 + 0.3 * index)), int(self._size[1] * reach)
        mask = Image.new("L", (width, height))
        line = painting.ridge(width, seed=80 + index)
        points = [(x, height * (0.62 - 0.6 * top)) for x, top in enumerate(line)]
        ImageDraw.Draw(mask).polygon([(0, height), *points, (width, height)], fill=255)
        return mask.filter(ImageFilter.GaussianBlur(0.6))

    def _paint_trees(self, rng: random.Random) -> Image.Image:
        width, height, scale = int(self._size[0] * 2.2), int(self._size[1] * 0.24), 2
        mask = Image.new("L", (width * scale, height * scale))
        brush = ImageDraw.Draw(mask)
        brush.rectangle((0, height * scale * 0.9, width * scale, height * scale), fill=255)
        for _ in range(34):
            x, tall = rng.uniform(0.02, 0.98) * width * scale, height * scale * rng.uniform(0.3, 0.95)
            for tier in range(6):
                foot, half = height * scale * 0.94 - tall * tier / 6, tall * 0.2 * (1 - tier / 6) + 1
                brush.polygon([(x - half, foot), (x + half, foot), (x, foot - tall * 0.32)], fill=255)
        return mask.resize((width, height), Image.Resampling.LANCZOS)
