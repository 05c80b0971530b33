"""What a page needs to stay live: where its channels stand, and the right to listen. Read it before any row."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from vasistas import realtime


def page(channels: Sequence[str], *, snapshot_url: str) -> dict[str, Any]:
    """The page's `<script id="realtime">`, which js/lib/page-realtime.js reads.

    The caller has decided that this person may hear these channels.
    """
    return {"url": "/realtime", "snapshot_url": snapshot_url, "channels": positions(channels)}


def positions(channels: Sequence[str]) -> list[dict[str, Any]]:
    """One entry per channel: {channel, grant, epoch, offset}."""
    grant = realtime.grant(channels, now=timezone.now().timestamp())
    standing = {channel: realtime.position(channel) for channel in channels}
    return [
        {"channel": channel, "grant": grant, "epoch": position.epoch, "offset": position.offset}
        for channel, position in standing.items()
    ]
