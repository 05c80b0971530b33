"""The VP8 payload descriptor (RFC 7741 section 4.2): frame numbers that must go on when the sender or layer changes.

Receivers find out by picture id and TL0PICIDX which frames belong together; a jump makes them wait for frames that
never come. Pure.
"""

import struct
from dataclasses import dataclass

LONG_MASK, SHORT_MASK, TL0_MASK = 0x7FFF, 0x7F, 0xFF


@dataclass(frozen=True, slots=True)
class Numbers:
    """Frame numbers of one packet, None when it has none, and where they stand in the payload."""

    picture: int | None
    picture_at: int
    is_long: bool
    tl0: int | None
    tl0_at: int


@dataclass(frozen=True, slots=True)
class Shift:
    """What to add to both."""

    picture: int = 0
    tl0: int = 0


def numbers(payload: bytes) -> Numbers | None:
    """Read the frame numbers; None when the descriptor has none or is cut off."""
    if len(payload) < 4 or not payload[0] & 0x80:
        return None
    flags, at = payload[1], 2
    picture, picture_at, is_long = None, 0, False
    if flags & 0x80:
        picture_at, is_long = at, bool(payload[at] & 0x80)
        picture = struct.unpack_from("!H", payload, at)[0] & LONG_MASK if is_long else payload[at] & SHORT_MASK
        at += 2 if is_long else 1
    if not flags & 0x40:
        return Numbers(picture, picture_at, is_long, None, 0)
    if at >= len(payload):
        return None
    return Numbers(picture, picture_at, is_long, payload[at], at)


def shifted(payload: bytes, found: Numbers, shift: Shift) -> bytes:
    """The payload with its frame numbers moved."""
    changed = bytearray(payload)
    if found.picture is not None and found.is_long:
        struct.pack_into("!H", changed, found.picture_at, 0x8000 | (found.picture + shift.picture) & LONG_MASK)
    elif found.picture is not None:
        changed[found.picture_at] = (found.picture + shift.picture) & SHORT_MASK
    if found.tl0 is not None:
        changed[found.tl0_at] = (found.tl0 + shift.tl0) & TL0_MASK
    return bytes(changed)


def following(latest: Numbers | None, first: Numbers | None, *, before: Shift) -> Shift:
    """The shift that makes `first` follow `latest`, which was itself sent with the shift `before`."""
    if latest is None or first is None:
        return before
    picture = tl0 = 0
    if latest.picture is not None and first.picture is not None:
        picture = latest.picture + before.picture + 1 - first.picture
    if latest.tl0 is not None and first.tl0 is not None:
        tl0 = latest.tl0 + before.tl0 + 1 - first.tl0
    return Shift(picture, tl0)
