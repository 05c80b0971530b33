"""What apps tell the pages that are open: publish an event to a channel, hand out positions and grants.

Channels: `room:<pk>` (everyone on the watch page), `studio:<pk>` (its host), `member:<pk>` (one person), `lobby` (lists
of rooms), `lobby:adult` (adult rooms in lists, for those who stated their age).
Without a gateway in the process (`vasistas manage …`, tests) publishing works and nobody hears it: the event goes into
the ring of the channel in memory and is forgotten with the process. Knows no Django and no app.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from vasistas.lib import grants
from vasistas.realtime import events
from vasistas.realtime.bus import Bus, InProcessBus
from vasistas.realtime.events import Event
from vasistas.realtime.log import Position

__all__ = [
    "GRANT_TTL_S",
    "Event",
    "Position",
    "Right",
    "bus",
    "configure",
    "grant",
    "position",
    "present",
    "publish",
    "revoke",
    "right",
]

GRANT_TTL_S = 600  # the page asks for a fresh one before it ends
GRANT_CHANNELS_MAX = 16
CHANNEL = re.compile(r"lobby(?::adult)?|(?:room|studio|member):[1-9][0-9]{0,18}")


class _State:
    bus: Bus = InProcessBus()
    key: bytes | None = None


def configure(*, key: bytes, bus: Bus | None = None) -> None:
    """Set the grant key, and the bus when it is another than the in-process one. Called once, by `vasistas.config`."""
    _State.key = key
    if bus is not None:
        _State.bus = bus


def bus() -> Bus:
    return _State.bus


def publish(channel: str, event: Event) -> None:
    """Send an event to everyone on the channel. From any thread; call it after commit (`wiring.AFTER_COMMIT`).

    Raises: ValueError: the channel's name has none of the known shapes.
    """
    _State.bus.publish(_named(channel), events.encode(event))


def position(channel: str) -> Position:
    """Where the channel stands now. Read it BEFORE the rows of a page: events after it are not in the page yet."""
    return _State.bus.position(_named(channel))


def grant(channels: Sequence[str], *, now: float, ttl_s: int = GRANT_TTL_S) -> str:
    """Sign the right to listen to `channels`. Decide first who may: the gateway asks nobody.

    Args: now: unix seconds. Raises: ValueError: a channel's name is unknown, or there are none or too many.
    """
    if not 0 < len(channels) <= GRANT_CHANNELS_MAX:
        raise ValueError(f"A grant names 1 to {GRANT_CHANNELS_MAX} channels, not {len(channels)}.")
    claims = {"channels": [_named(channel) for channel in channels], "at": now}
    return grants.sign(claims, audience="realtime", ttl_s=ttl_s, key=_key(), now=now)


def revoke(channel: str, holder: str, *, now: float) -> None:
    """Take the right to hear `channel` from one person at once: open sockets lose it, grants made until now are void.

    A grant made later opens the channel again, so whoever decides on grants must have changed their mind before.

    Args: holder: the person's own channel, `member:<pk>`. now: unix seconds. Raises: ValueError: no such channel.
    """
    _State.bus.revoke(_named(channel), _named(holder), at=now, keep_until=now + GRANT_TTL_S + grants.CLOCK_SKEW_S)


class Right(NamedTuple):
    """What a grant allows, for how many seconds from now. made_at: unix seconds."""

    channels: tuple[str, ...]
    expires_in_s: float
    made_at: float = 0.0

    @property
    def holder(self) -> str:
        """Whose grant it is: their own channel; "" for visitors."""
        return next((name for name in self.channels if name.startswith("member:")), "")


def right(grant: str, *, now: float) -> Right:
    """Read a grant that came back from a page. For gateways.

    Args: now: unix seconds. Raises: GrantRefused: forged, expired, or made for something else.
    """
    claims = grants.verify(grant, audience="realtime", key=_key())
    channels = tuple(name for name in claims.get("channels", ()) if isinstance(name, str) and CHANNEL.fullmatch(name))
    return Right(channels, float(claims["exp"]) - now, float(claims.get("at", 0.0)))


def present(channel: str) -> int:
    """Count the open sockets on the channel: tabs, not people. 0 without a gateway."""
    return _State.bus.present(_named(channel))


def _key() -> bytes:
    if _State.key is None:
        raise RuntimeError("There is no grant key yet. Call realtime.configure(key=…) at start-up.")
    return _State.key


def _named(channel: str) -> str:
    if not CHANNEL.fullmatch(channel):
        raise ValueError(f"{channel!r} is no channel; use lobby, lobby:adult, room:<pk>, studio:<pk> or member:<pk>.")
    return channel
