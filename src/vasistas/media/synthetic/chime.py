"""A soft pentatonic chime, composed and coded once: a loop of Opus packets that costs nothing while it plays."""

import array
import functools
import math
import random

import av

RATE = 24_000  # Hz of the samples; Opus' RTP clock is 48 kHz whatever this is
PACKET_S = 0.02
PACKET_SAMPLES = round(RATE * PACKET_S)
BEAT_S, BEATS = 0.6, 24
NOTE_S = 2.6
LOUDNESS = 2_600  # of 32,767: a background, not a signal
BITRATE_BPS = 32_000
SCALE = (0, 2, 4, 7, 9, 12, 14, 16)  # semitones of the major pentatonic


def samples(*, seed: int, root_hz: float = 261.63) -> array.array[int]:
    """Return one loop of mono samples (s16). Its end rings on into its beginning."""
    rng = random.Random(seed)  # noqa: S311 — a tune, not a secret
    total = round(BEAT_S * BEATS * RATE)
    mixed = [0.0] * total
    step = rng.randrange(len(SCALE))
    for beat in range(BEATS):
        step = max(0, min(len(SCALE) - 1, step + rng.choice((-2, -1, -1, 0, 1, 1, 2))))
        if beat % 4 != 0 and rng.random() < 0.35:  # noqa: PLR2004 — a third of the beats rest
            continue
        start = round(beat * BEAT_S * RATE)
        for offset, value in enumerate(_note(root_hz * 2 ** (SCALE[step] / 12))):
            mixed[(start + offset) % total] += value
    peak = max(abs(value) for value in mixed)
    return array.array("h", (round(value / peak * LOUDNESS) for value in mixed))


def packets(*, seed: int) -> list[bytes]:
    """Return one loop as Opus packets of 20 ms."""
    coder = av.CodecContext.create("libopus", "w")
    coder.sample_rate, coder.layout, coder.format = RATE, "mono", "s16"
    coder.bit_rate = BITRATE_BPS
    coder.options = {"application": "audio", "frame_duration": "20"}
    loop = samples(seed=seed).tobytes()
    size = PACKET_SAMPLES * 2
    coded: list[bytes] = []
    for number, start in enumerate(range(0, len(loop) - size + 1, size)):
        frame = av.AudioFrame(format="s16", layout="mono", samples=PACKET_SAMPLES)
        frame.sample_rate, frame.pts = RATE, number * PACKET_SAMPLES
        frame.planes[0].update(loop[start : start + size])
        coded += [bytes(packet) for packet in coder.encode(frame)]
    return coded


@functools.cache
def _note(hz: float) -> list[float]:
    """Return a struck glass: a few partials, the higher ones gone sooner."""
    count = round(NOTE_S * RATE)
    partials = ((1.0, 1.0, 1.5), (2.0, 0.32, 2.6), (3.01, 0.12, 4.2))
    turns = [(2 * math.pi * hz * ratio / RATE, size, decay / RATE) for ratio, size, decay in partials]
    attack = 0.012 * RATE
    release = 0.3 * RATE
    return [
        min(1.0, at / attack)
        * min(1.0, (count - at) / release)
        * sum(size * math.sin(turn * at) * math.exp(-decay * at) for turn, size, decay in turns)
        for at in range(count)
    ]
