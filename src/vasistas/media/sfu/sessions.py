"""What the event loop keeps of sessions and rooms, and how it is told to the site."""

import time
from dataclasses import dataclass, field

from vasistas.media.port import LayerStats, SessionKind, SessionStats
from vasistas.media.sfu.ingress import Ingress
from vasistas.media.sfu.peers import Peer
from vasistas.media.sfu.room import Room
from vasistas.media.sfu.viewer import Viewer


@dataclass
class Session:
    """One session; a probe has a room of its own. Times are monotonic seconds."""

    id: str
    kind: SessionKind
    room: Room
    codec: str | None = None
    bitrate_bps_max: int = 0  # publishers
    opened_at: float = field(default_factory=time.monotonic)
    connected_at: float | None = None
    peer: Peer | None = None
    ingress: Ingress | None = None
    viewer: Viewer | None = None
    told_at: float = 0.0
    is_ended: bool = False


@dataclass
class Place:
    """A room with what the loop knows of it. left_at: when its publisher went."""

    room: Room
    publisher: str | None = None
    left_at: float = 0.0
    viewers: set[str] = field(default_factory=set)


def stats(entry: Session, place: Place | None) -> SessionStats:
    """What the site may know of a session."""
    now = time.monotonic()
    common = {
        "session": entry.id,
        "room": "" if entry.kind == "probe" else entry.room.name,
        "kind": entry.kind,
        "connected": entry.connected_at is not None,
        "codec": entry.codec,
        "viewers": len(place.viewers) if place else 0,
        "duration_s": round(now - (entry.connected_at or now), 1),
    }
    return _stats_of_viewer(entry, common) if entry.viewer else _stats_of_publisher(entry, common)


def _stats_of_viewer(entry: Session, common: dict[str, object]) -> SessionStats:
    viewer = entry.viewer
    if viewer is None:
        raise TypeError("This session has no viewer.")
    output = viewer.output
    size = output.size if output and output.size else (None, None)
    layers = (
        (LayerStats(rid=output.rid, bitrate_bps=output.bitrate_bps, width=size[0], height=size[1]),) if output else ()
    )
    return SessionStats(
        **common,  # type: ignore[arg-type]  # a dict of the fields both kinds share
        bitrate_bps=output.bitrate_bps if output else 0,
        loss_ratio=viewer.loss_ratio,
        rtt_ms=round(viewer.rtt_s * 1000) if viewer.rtt_s is not None else None,
        layers=layers,
        delivered_s=viewer.delivered_s,
        bytes=viewer.size_bytes,
        estimate_bps=viewer.estimate_bps,
        limited_by="bandwidth" if viewer.chooser.is_narrow else None,
    )


def _stats_of_publisher(entry: Session, common: dict[str, object]) -> SessionStats:
    ingress = entry.ingress
    if ingress is None:
        raise TypeError("This session has no ingress.")
    layers = tuple(
        LayerStats(
            rid=output.rid,
            bitrate_bps=output.bitrate_bps,
            width=output.size[0] if output.size else None,
            height=output.size[1] if output.size else None,
        )
        for output in sorted(ingress.video_outputs, key=lambda output: output.bitrate_bps)
    )
    return SessionStats(
        **common,  # type: ignore[arg-type]  # a dict of the fields both kinds share
        bitrate_bps=ingress.bitrate_bps,
        loss_ratio=ingress.loss_ratio,
        rtt_ms=round(ingress.rtt_s * 1000) if ingress.rtt_s is not None else None,
        layers=layers,
        bytes=ingress.rate.total_bytes,
    )
