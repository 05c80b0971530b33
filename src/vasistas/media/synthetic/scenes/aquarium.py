"""Aquarium: fish of three kinds, rising bubbles, swaying weed and rays of light in blue water."""

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from vasistas.media.synthetic.scenes import painting
from vasistas.media.synthetic.scenes.painting import SUPERSAMPLING, Colour, Size

WATER = ((0.0, (92, 214, 220)), (0.28, (30, 150, 186)), (0.7, (12, 78, 128)), (1.0, (6, 40, 82)))
SAND = ((0.0, (214, 204, 164)), (0.5, (152, 158, 140)), (1.0, (74, 100, 112)))
KINDS: tuple[tuple[Colour, Colour, float], ...] = (
    ((255, 148, 38), (255, 248, 236), 0.62),
    ((250, 208, 62), (40, 62, 120), 0.78),
    ((232, 92, 122), (255, 206, 190), 0.5),
)
CORALS: tuple[Colour, ...] = ((240, 110, 104), (248, 168, 92), (190, 92, 176))
CORAL_TWIG = 9  # a branch shorter than this ends
TAIL_PHASES = 10
WEED_PHASES = 24
WEED_KNOTS = 64
FISH = 11
BUBBLES = 26


class Aquarium:
    """One tank. `frame(t)` is the picture at second `t`; the same t gives the same picture."""

    def __init__(self, size: Size) -> None:
        self._size, self._unit = size, size[1] / 360
        rng = random.Random(7)  # noqa: S311 — a picture, not a secret
        self._water = self._paint_water()
        self._rays = [self._paint_rays(seed) for seed in (3, 4)]
        self._fish = [self._paint_fish(*kind, length) for length in (46, 62, 84) for kind in KINDS]
        self._swims = [
            (
                index % 3 + 3 * rng.choice((0, 0, 1, 1, 2)),
                rng.uniform(14, 38) * rng.choice((1, -1)),
                rng.uniform(0.1, 0.72),
                rng.random() * 900,
                rng.uniform(0.5, 1.1),
            )
            for index in range(FISH)
        ]
        self._swims.sort(key=lambda swim: swim[0])
        self._weeds = [(self._paint_weed(rng), x + rng.uniform(-0.03, 0.03)) for x in (0.05, 0.14, 0.52, 0.83, 0.93)]
        self._bubbles = [(rng.choice((0.3, 0.72, 0.745)), rng.random(), rng.randint(4, 11)) for _ in range(BUBBLES)]
        self._bubble = {size: self._paint_bubble(size) for size in range(4, 12)}

    def frame(self, t: float) -> Image.Image:
        """Return the picture at second `t`."""
        picture = self._water.copy()
        width, height = self._size
        for index, rays in enumerate(self._rays):
            shift = (0.5 + 0.5 * math.sin(t * (0.21 + 0.1 * index) + index * 2)) * (rays.width - width)
            picture.paste((214, 255, 246), (0, 0), rays.crop((int(shift), 0, int(shift) + width, rays.height)))
        for phases, x in self._weeds:
            weed = phases[int(t * 7 + x * 40) % WEED_PHASES]
            picture.paste(weed, (int(x * width - weed.width / 2), height - weed.height), weed)
        for swim in self._swims:
            self._paste_fish(picture, t, swim)
        for x, phase, size in self._bubbles:
            rise = (t * (0.09 + size * 0.008) + phase) % 1.0
            sway = math.sin(t * 2 + phase * 20) * 6 * self._unit
            bubble = self._bubble[size]
            picture.paste(bubble, (int(x * width + sway), int((0.93 - rise) * height)), bubble)
        return picture

    def _paste_fish(self, picture: Image.Image, t: float, swim: tuple[int, float, float, float, float]) -> None:
        kind, speed, depth, phase, beat = swim
        right, left = self._fish[kind]
        phases = right if speed > 0 else left
        sprite = phases[int((t * beat + phase) * TAIL_PHASES) % TAIL_PHASES]
        span = self._size[0] + sprite.width * 2
        x = (t * speed * self._unit + phase * self._unit) % span - sprite.width
        y = depth * self._size[1] + math.sin(t * 0.6 + phase) * 14 * self._unit
        picture.paste(sprite, (int(x), int(y)), sprite)

    def _paint_water(self) -> Image.Image:
        width, height = self._size
        water = painting.gradient(self._size, WATER)
        far = Image.new("L", self._size)
        rocks = ImageDraw.Draw(far)
        heights = painting.ridge(width, seed=12)
        rocks.polygon(
            [(0, height), *((x, height * (0.86 - 0.26 * top)) for x, top in enumerate(heights)), (width, height)],
            fill=120,
        )
        water.paste((8, 62, 104), (0, 0), far.filter(ImageFilter.GaussianBlur(5 * self._unit)))
        floor = int(height * 0.16)
        mask = Image.new("L", (width, floor))
        line = painting.ridge(width, seed=5, roughness=3)
        ImageDraw.Draw(mask).polygon(
            [(0, floor), *((x, floor * (0.45 - 0.4 * top)) for x, top in enumerate(line)), (width, floor)], fill=255
        )
        water.paste(
            painting.gradient((width, floor), SAND), (0, height - floor), mask.filter(ImageFilter.GaussianBlur(2))
        )
        self._paint_corals(water)
        return water.filter(ImageFilter.GaussianBlur(0.7))

    def _paint_corals(self, water: Image.Image) -> None:
        """Grow branching corals on the floor, the hindmost first, paler and in the colour of the water."""
        rng = random.Random(9)  # noqa: S311 — a picture, not a secret
        width, height = self._size
        scale = 2
        for layer in range(3):
            drawn = Image.new("RGBA", (width * scale, height * scale), (0, 0, 0, 0))
            brush = ImageDraw.Draw(drawn)
            for middle, kind in ((0.27, 0), (0.36, 1), (0.2, 2), (0.69, 1), (0.74, 0)):
                x = (middle + rng.uniform(-0.04, 0.04)) * width * scale
                foot = height * scale * (0.9 + layer * 0.035)
                colour = painting.mix(CORALS[(kind + layer) % len(CORALS)], WATER[2][1], 0.5 - layer * 0.22)
                for _ in range(7):
                    lean = rng.uniform(-0.75, 0.75)
                    length = rng.uniform(15, 24) * self._unit * scale
                    self._branch(brush, rng, (x, foot), lean=lean, length=length, colour=colour)
            small = drawn.resize(self._size, Image.Resampling.LANCZOS)
            water.paste(small, (0, 0), small)

    def _branch(
        self,
        brush: ImageDraw.ImageDraw,
        rng: random.Random,
        foot: tuple[float, float],
        *,
        lean: float,
        length: float,
        colour: Colour,
    ) -> None:
        if length < CORAL_TWIG * self._unit:
            return
        x, y = foot
        tip = (x + math.sin(lean) * length, y - math.cos(lean) * length)
        half = length * 0.13
        steps = max(2, int(length / 2))
        tint = painting.mix(colour, (255, 236, 214), max(0.0, 0.5 - length / (60 * self._unit)))
        for step in range(steps + 1):
            place = step / steps
            cx, cy = x + (tip[0] - x) * place, y + (tip[1] - y) * place
            reach = half * (1.25 - 0.4 * place)
            brush.ellipse((cx - reach, cy - reach, cx + reach, cy + reach), fill=(*tint, 255))
        for turn in (-0.42, 0.42):
            shorter = length * rng.uniform(0.62, 0.8)
            bent = lean + turn * rng.uniform(0.5, 1.4)
            self._branch(brush, rng, tip, lean=bent, length=shorter, colour=colour)

    def _paint_rays(self, seed: int) -> Image.Image:
        rng = random.Random(seed)  # noqa: S311 — a picture, not a secret
        width, height = int(self._size[0] * 1.25), int(self._size[1] * 0.8)
        mask = Image.new("L", (width // 2, height // 2))
        brush = ImageDraw.Draw(mask)
        for _ in range(9):
            x, spread, lean = rng.random() * width / 2, rng.uniform(8, 26), rng.uniform(20, 70)
            foot = x + lean
            corners = [(x, -5), (x + spread * 0.4, -5), (foot + spread * 2, height / 2), (foot, height / 2)]
            brush.polygon([(a * 1.0, b) for a, b in corners], fill=rng.randint(16, 44))
        fade = Image.linear_gradient("L").rotate(180).resize(mask.size)
        soft = ImageChops.multiply(mask.filter(ImageFilter.GaussianBlur(6)), fade)
        return soft.resize((width, height), Image.Resampling.BICUBIC)

    def _paint_fish(
        self, body: Colour, stripe: Colour, roundness: float, length: int
    ) -> tuple[list[Image.Image], list[Image.Image]]:
        haze = {46: 0.45, 62: 0.2, 84: 0.0}[length]  # the far ones take the colour of the water
        body, stripe = painting.mix(body, WATER[1][1], haze), painting.mix(stripe, WATER[1][1], haze)
        phases = [
            self._draw_fish(body, stripe, roundness, length, math.sin(2 * math.pi * step / TAIL_PHASES))
            for step in range(TAIL_PHASES)
        ]
        return phases, [phase.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for phase in phases]

    def _draw_fish(self, body: Colour, stripe: Colour, roundness: float, length: int, beat: float) -> Image.Image:
        long = length * self._unit * SUPERSAMPLING
        tall = long * roundness
        drawn = Image.new("RGBA", (int(long * 1.15), int(tall * 1.4)), (*body, 0))
        brush = ImageDraw.Draw(drawn)
        middle, top, bottom = tall * 0.7, tall * 0.2, tall * 1.2
        nose, hip = long * 1.1, long * 0.3
        sweep = long * 0.07 * beat
        fin = painting.mix(body, (255, 255, 255), 0.25)
        brush.polygon(
            [
                (hip * 1.2, middle),
                (sweep, top + tall * 0.12),
                (hip * 0.4 + sweep, middle),
                (sweep, bottom - tall * 0.12),
            ],
            fill=fin,
        )
        brush.polygon([(hip * 1.6, middle), (long * 0.62, top - tall * 0.12), (long * 0.95, middle)], fill=fin)
        brush.polygon([(hip * 2, middle), (long * 0.55, bottom + tall * 0.08), (long * 0.85, middle)], fill=fin)
        brush.ellipse((hip, top + tall * 0.08, nose, bottom - tall * 0.08), fill=body)
        shape = Image.new("L", drawn.size)
        ImageDraw.Draw(shape).ellipse((hip, top + tall * 0.08, nose, bottom - tall * 0.08), fill=255)
        bands = Image.new("L", drawn.size)
        pen = ImageDraw.Draw(bands)
        for place in (0.5, 0.8):
            pen.ellipse((long * place, top, long * (place + 0.12), bottom), fill=235)
        drawn.paste((*stripe, 255), (0, 0), ImageChops.multiply(bands, shape))
        shade = Image.linear_gradient("L").resize(drawn.size).point([max(0, level - 120) for level in range(256)])
        drawn.paste((*painting.mix(body, (20, 20, 60), 0.6), 255), (0, 0), ImageChops.multiply(shade, shape))
        eye, radius = long * 0.97, long * 0.035
        brush.ellipse((eye - radius, middle - radius * 2.6, eye + radius, middle - radius * 0.6), fill=(255, 255, 255))
        brush.ellipse(
            (eye - radius * 0.3, middle - radius * 2.2, eye + radius * 0.9, middle - radius * 1.0), fill=(16, 20, 34)
        )
        return painting.shrink(drawn)

    def _paint_weed(self, rng: random.Random) -> list[Image.Image]:
        tall, wide = int(rng.uniform(90, 170) * self._unit), int(90 * self._unit)
        blades = [(rng.uniform(0.3, 0.7), rng.uniform(0.5, 1.0), rng.random() * 6, rng.random()) for _ in range(5)]
        phases = []
        for step in range(WEED_PHASES):
            drawn = Image.new("RGBA", (wide * 2, tall * 2), (18, 96, 84, 0))
            brush = ImageDraw.Draw(drawn)
            for x, reach, phase, tint in blades:
                colour = painting.mix((16, 92, 86), (86, 176, 96), tint)
                turn = 2 * math.pi * step / WEED_PHASES + phase
                for knot in range(WEED_KNOTS):
                    up = knot / (WEED_KNOTS - 1)
                    centre = x * wide * 2 + math.sin(turn + up * 3) * 26 * self._unit * up
                    half = (7 * (1 - up) + 1.5) * self._unit
                    y = tall * 2 * (1 - up * reach)
                    brush.ellipse((centre - half, y - half * 2, centre + half, y + half * 2), fill=(*colour, 255))
            phases.append(drawn.resize((wide, tall), Image.Resampling.LANCZOS))
        return phases

    def _paint_bubble(self, size: int) -> Image.Image:
        edge = int(size * self._unit * SUPERSAMPLING)
        drawn = Image.new("RGBA", (edge, edge), (220, 250, 255, 0))
        brush = ImageDraw.Draw(drawn)
        brush.ellipse(
            (1, 1, edge - 2, edge - 2), fill=(220, 250, 255, 46), outline=(235, 255, 255, 190), width=edge // 12
        )
        brush.ellipse((edge * 0.22, edge * 0.18, edge * 0.46, edge * 0.42), fill=(255, 255, 255, 220))
        return painting.shrink(drawn)
