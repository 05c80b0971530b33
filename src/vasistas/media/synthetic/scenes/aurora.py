"""Aurora: curtains of northern light over pines and a still lake that mirrors them."""

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from vasistas.media.synthetic.scenes import painting
from vasistas.media.synthetic.scenes.painting import Colour, Size

SKY = ((0.0, (7, 9, 32)), (0.55, (12, 30, 62)), (1.0, (30, 66, 92)))
CURTAINS: tuple[tuple[Colour, Colour, float], ...] = (
    ((70, 255, 170), (96, 60, 220), 9.0),
    ((40, 220, 190), (190, 60, 190), -6.0),
    ((130, 255, 120), (40, 120, 220), 4.0),
)
COARSE = 8  # the light is painted this many times smaller: it has no edges to lose
STRIPS = 20
WATERLINE = 0.72
LIGHT_HZ = 10  # the light and its mirror image are painted this often: they move too slowly to tell


class Aurora:
    """One night. `frame(t)` is the picture at second `t`."""

    def __init__(self, size: Size) -> None:
        self._size, self._unit = size, size[1] / 360
        width, height = size
        self._sky_size = (width, int(height * WATERLINE))
        self._coarse_size = (width // COARSE, self._sky_size[1] // COARSE)
        rng = random.Random(21)  # noqa: S311 — a picture, not a secret
        self._sky = self._paint_sky(rng)
        self._curtains = [self._paint_curtain(seed, *colours[:2]) for seed, colours in enumerate(CURTAINS)]
        self._pines = self._paint_pines(rng)
        self._twinkles = [(rng.random() * width, rng.random() * height * 0.3, rng.random() * 9) for _ in range(26)]
        self._ripple = self._paint_ripple()
        self._step, self._calm = -1, self._paint_calm(0.0)

    def frame(self, t: float) -> Image.Image:
        """Return the picture at second `t`."""
        step = int(t * LIGHT_HZ)
        if step != self._step:
            self._step, self._calm = step, self._paint_calm(step / LIGHT_HZ)
        picture = self._calm.copy()
        shift = int(t * 9 * self._unit)
        painting.paste_wrapped(picture, (6, 18, 38), self._ripple, x=shift, y=self._sky_size[1])
        return picture

    def _paint_calm(self, t: float) -> Image.Image:
        """Return the sky at second `t` and its mirror image in a lake without ripples."""
        light = Image.new("RGB", self._coarse_size)
        for index, (curtain, (_, _, speed)) in enumerate(zip(self._curtains, CURTAINS, strict=True)):
            light = ImageChops.screen(light, self._hang(curtain, t, index, speed))
        sky = ImageChops.screen(self._sky, light.resize(self._sky_size, Image.Resampling.BILINEAR))
        brush = ImageDraw.Draw(sky)
        for x, y, phase in self._twinkles:
            if math.sin(t * 1.7 + phase * 3) > 0.3:  # noqa: PLR2004 — how long a star shows
                brush.point((x, y), fill=(235, 245, 255))
        sky.paste((4, 12, 24), (0, sky.height - self._pines.height), self._pines)
        picture = Image.new("RGB", self._size)
        picture.paste(sky, (0, 0))
        depth = self._size[1] - sky.height
        lake = sky.crop((0, sky.height - 2 * depth, sky.width, sky.height)).resize((self._size[0] // 3, depth // 3))
        lake = lake.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((self._size[0], depth))
        picture.paste(lake, (0, sky.height))
        return picture

    def _hang(self, curtain: Image.Image, t: float, index: int, speed: float) -> Image.Image:
        """Return one curtain at second `t`, folded by moving waves."""
        width, height = self._coarse_size
        start = (t * speed * 0.22) % (curtain.width / 2)
        mesh = []
        for strip in range(STRIPS):
            left, right = width * strip // STRIPS, width * (strip + 1) // STRIPS
            edges = []
            for x in (left, right):
                fold = math.sin(x * 0.052 + t * 0.35 + index * 2) + 0.5 * math.sin(x * 0.11 - t * 0.5 + index)
                edges.append((start + x + 5 * math.sin(x * 0.09 + t * 0.27), fold * height * 0.1))
            (from_, rise), (to, fall) = edges
            corners = (from_, rise, from_, height + rise, to, height + fall, to, fall)
            mesh.append(((left, 0, right, height), corners))
        hung = curtain.transform(self._coarse_size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
        breath = 0.62 + 0.38 * math.sin(t * 0.4 + index * 2.1)
        return hung.point([round(level * breath) for level in range(256)] * 3)

    def _paint_sky(self, rng: random.Random) -> Image.Image:
        width, height = self._sky_size
        sky = painting.gradient(self._sky_size, SKY)
        brush = ImageDraw.Draw(sky)
        for _ in range(320):
            shine = rng.random() ** 3
            x, y = rng.random() * width, rng.random() ** 1.3 * height
            brush.point((x, y), fill=painting.mix((60, 70, 110), (255, 255, 255), shine))
            if shine > 0.8:  # noqa: PLR2004 — the few large ones
                brush.ellipse((x - 1, y - 1, x + 1, y + 1), fill=(225, 232, 255))
        for layer, (colour, reach) in enumerate((((20, 44, 70), 0.34), ((12, 30, 52), 0.22))):
            line = painting.ridge(width, seed=31 + layer)
            points = [(x, height * (1 - reach * (0.35 + 0.65 * top))) for x, top in enumerate(line)]
            brush.polygon([(0, height), *points, (width, height)], fill=colour)
        return sky

    def _paint_curtain(self, seed: int, low: Colour, high: Colour) -> Image.Image:
        width, height = self._coarse_size
        loop = width * 2
        streaks = painting.soft_noise((loop, 1), (loop // 5, 1), seed=40 + seed)
        veil = painting.soft_noise((loop, 1), (7, 1), seed=50 + seed)
        column = [
            painting.mix((0, 0, 0), painting.mix(high, low, place**1.4), max(0.0, place) ** 1.8)
            for place in (y / (height * 0.72) for y in range(int(height * 0.72)))
        ]
        column += [
            painting.mix(low, (0, 0, 0), min(1.0, step / (height * 0.09)) ** 0.7)
            for step in range(height - len(column))
        ]
        tall = Image.new("RGB", (1, height))
        tall.putdata(column)
        strength = ImageChops.multiply(
            streaks.point([min(255, 70 + level) for level in range(256)]),
            veil.point([max(0, min(255, int((level - 70) * 2))) for level in range(256)]),
        )
        mask = strength.resize((loop, height))
        painted = Image.composite(tall.resize((loop, height)), Image.new("RGB", (loop, height)), mask)
        wide = Image.new("RGB", (loop + width + 12, height))
        wide.paste(painted, (0, 0))
        wide.paste(painted.crop((0, 0, width + 12, height)), (loop, 0))
        return wide.filter(ImageFilter.GaussianBlur(0.8))

    def _paint_pines(self, rng: random.Random) -> Image.Image:
        width, height = self._size[0], int(self._size[1] * 0.24)
        scale = 2
        mask = Image.new("L", (width * scale, height * scale))
        brush = ImageDraw.Draw(mask)
        for _ in range(90):
            x = rng.random() * width * scale
            edge = abs(x / (width * scale) - 0.5) * 2
            tall = height * scale * (0.16 + 0.62 * edge**1.6) * rng.uniform(0.6, 1.2)
            for tier in range(7):
                up = tier / 7
                half = tall * 0.17 * (1 - up) + 1
                foot = height * scale - tall * up
                brush.polygon([(x - half, foot), (x + half, foot), (x, foot - tall * 0.3)], fill=255)
        brush.rectangle((0, height * scale - 5 * scale, width * scale, height * scale), fill=255)
        return mask.resize((width, height), Image.Resampling.LANCZOS)

    def _paint_ripple(self) -> Image.Image:
        width, depth = self._size[0], self._size[1] - self._sky_size[1]
        noise = painting.soft_noise((width, depth), (14, max(6, depth // 4)), seed=61)
        fade = Image.linear_gradient("L").resize((width, depth)).point([60 + level // 3 for level in range(256)])
        return ImageChops.add(ImageChops.multiply(noise, fade), fade.point([level // 3 for level in range(256)]))
