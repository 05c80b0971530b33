"""Harbour: the sun over the sea, glitter on the waves, a boat that bobs, clouds and gulls."""

import math
import random

from PIL import Image, ImageDraw, ImageFilter

from vasistas.media.synthetic.scenes import painting
from vasistas.media.synthetic.scenes.painting import SUPERSAMPLING, Colour, Size

SKY = ((0.0, (48, 34, 92)), (0.35, (138, 60, 120)), (0.7, (246, 128, 96)), (1.0, (255, 206, 130)))
SEA = ((0.0, (232, 140, 116)), (0.25, (118, 66, 116)), (1.0, (24, 22, 62)))
HORIZON = 0.58
SUN_X = 0.62
GLITTERS = 170


class Harbour:
    """One evening. `frame(t)` is the picture at second `t`."""

    def __init__(self, size: Size) -> None:
        self._size, self._unit = size, size[1] / 360
        rng = random.Random(5)  # noqa: S311 — a picture, not a secret
        self._scene = self._paint_scene()
        self._clouds = [self._paint_cloud(seed) for seed in (1, 2)]
        self._boat = [self._paint_boat(angle / 2.5) for angle in range(-10, 11)]
        self._gull = [self._paint_gull(step / 4 - 1) for step in range(9)]
        self._glitters = [
            (rng.gauss(0, 1), rng.random() ** 1.4, rng.random() * 7, rng.random()) for _ in range(GLITTERS)
        ]
        self._gulls = [(rng.random() * 900, rng.uniform(0.1, 0.4), rng.uniform(18, 34)) for _ in range(6)]

    def frame(self, t: float) -> Image.Image:
        """Return the picture at second `t`."""
        width, height = self._size
        unit, horizon = self._unit, int(height * HORIZON)
        picture = self._scene.copy()
        for index, cloud in enumerate(self._clouds):
            x = t * (5 + 4 * index) * unit + 200 * index
            painting.paste_wrapped(picture, (255, 186, 168), cloud, x=x, y=int(height * (0.08 + 0.16 * index)))
        self._glitter(ImageDraw.Draw(picture), t)
        sway = math.sin(t * 1.1)
        boat = self._boat[round(10 + 9 * sway)]
        x = int((t * 6 * unit) % (width + boat.width * 2)) - boat.width
        y = horizon + int((46 + 2.5 * math.sin(t * 1.7)) * unit) - boat.height
        picture.paste(boat, (x, y), boat)
        for phase, depth, speed in self._gulls:
            step = int((math.sin(t * 5 + phase) + 1) * 4)
            x = int((phase * unit - t * speed * unit) % (width + 60)) - 30
            gull = self._gull[step]
            picture.paste((44, 26, 62), (x, int(height * depth + math.sin(t + phase) * 8 * unit)), gull)
        return picture

    def _glitter(self, brush: ImageDraw.ImageDraw, t: float) -> None:
        width, height = self._size
        horizon = height * HORIZON
        for side, depth, phase, tint in self._glitters:
            shine = math.sin(t * (1.4 + tint) + phase * 5)
            if shine <= 0:
                continue
            y = horizon + 2 + depth * (height - horizon - 4)
            spread = (14 + 90 * depth) * self._unit
            x = SUN_X * width + side * spread + math.sin(t * 0.7 + phase) * 6
            half = (3 + 16 * depth) * shine * self._unit
            colour = painting.mix(
                painting.at_stop(SEA, depth), (255, 226, 160), (0.35 + 0.65 * shine) * (1 - 0.35 * depth)
            )
            brush.line((x - half, y, x + half, y), fill=colour, width=max(1, round((1 + 1.6 * depth) * self._unit)))

    def _paint_scene(self) -> Image.Image:
        width, height = self._size
        horizon = int(height * HORIZON)
        scene = Image.new("RGB", self._size)
        sky = painting.gradient((width, horizon), SKY)
        centre = (int(width * SUN_X), horizon - int(26 * self._unit))
        for radius, colour, strength in ((300, (255, 176, 110), 0.75), (120, (255, 220, 150), 0.8)):
            edge = int(radius * 2 * self._unit)
            sky.paste(
                colour, (centre[0] - edge // 2, centre[1] - edge // 2), painting.glow_mask(edge, strength=strength)
            )
        radius = int(30 * self._unit)
        disc = Image.new("L", (radius * 2 * SUPERSAMPLING, radius * 2 * SUPERSAMPLING))
        ImageDraw.Draw(disc).ellipse((4, 4, disc.width - 5, disc.height - 5), fill=255)
        sky.paste((255, 244, 206), (centre[0] - radius, centre[1] - radius), painting.shrink(disc))
        scene.paste(sky, (0, 0))
        scene.paste(painting.gradient((width, height - horizon), SEA, seed=2), (0, horizon))
        self._paint_hills(scene, horizon)
        return scene

    def _paint_hills(self, scene: Image.Image, horizon: int) -> None:
        width = self._size[0]
        layers: tuple[tuple[int, Colour, float], ...] = ((9, (186, 92, 120), 44), (17, (112, 54, 104), 26))
        for seed, colour, reach in layers:
            mask = Image.new("L", (width, horizon))
            line = painting.ridge(width, seed=seed)
            points = [
                (x, horizon - reach * self._unit * top * min(1.0, abs(x / width - SUN_X) * 3.2))
                for x, top in enumerate(line)
            ]
            ImageDraw.Draw(mask).polygon([(0, horizon), *points, (width, horizon)], fill=255)
            scene.paste(colour, (0, 0), mask.filter(ImageFilter.GaussianBlur(0.6)))

    def _paint_cloud(self, seed: int) -> Image.Image:
        width, height = int(self._size[0] * 1.5), int(self._size[1] * 0.2)
        noise = painting.soft_noise((width, height), (9, 7), seed=seed + 70)
        thin = noise.point([max(0, min(150, int((level - 132) * 1.7))) for level in range(256)])
        fade = Image.new("L", (1, height))
        fade.putdata([round(255 * math.sin(math.pi * y / (height - 1)) ** 1.5) for y in range(height)])
        masked = Image.new("L", (width, height))
        masked.paste(thin, (0, 0), fade.resize((width, height)))
        return masked

    def _paint_boat(self, angle: float) -> Image.Image:
        unit = self._unit * SUPERSAMPLING
        drawn = Image.new("RGBA", (int(90 * unit), int(110 * unit)), (40, 22, 56, 0))
        brush = ImageDraw.Draw(drawn)
        brush.polygon(
            [(x * unit, y * unit) for x, y in ((14, 84), (76, 84), (66, 97), (24, 97))], fill=(38, 20, 54, 255)
        )
        brush.line((45 * unit, 12 * unit, 45 * unit, 84 * unit), fill=(38, 20, 54, 255), width=int(1.6 * unit))
        brush.polygon([(x * unit, y * unit) for x, y in ((47, 14), (47, 80), (76, 80))], fill=(252, 214, 178, 255))
        brush.polygon([(x * unit, y * unit) for x, y in ((43, 22), (43, 80), (20, 80))], fill=(224, 150, 140, 255))
        turned = drawn.rotate(angle, Image.Resampling.BICUBIC, center=(45 * unit, 92 * unit))
        return painting.shrink(turned)

    def _paint_gull(self, beat: float) -> Image.Image:
        unit = self._unit * SUPERSAMPLING
        drawn = Image.new("L", (int(22 * unit), int(16 * unit)))
        tip = (8 - 6 * beat) * unit
        points = [(1 * unit, tip), (7 * unit, (8 - 2.4 * beat) * unit - unit), (11 * unit, 9 * unit)]
        mirrored = [(22 * unit - x, y) for x, y in reversed(points)]
        ImageDraw.Draw(drawn).line([*points, *mirrored], fill=230, width=int(1.5 * unit), joint="curve")
        return painting.shrink(drawn)
