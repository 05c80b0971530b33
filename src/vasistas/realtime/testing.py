"""For tests of the apps: see what they published, without a gateway."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from vasistas import realtime
from vasistas.realtime import events
from vasistas.realtime.bus import InProcessBus
from vasistas.realtime.log import Position

type Published = list[tuple[str, events.Event]]  # (channel, event), oldest first


class _Recorder(InProcessBus):
    def __init__(self) -> None:
        super().__init__()
        self.published: Published = []

    def publish(self, channel: str, tail: bytes) -> Position:
        message = msgspec.json.decode(b"{" + tail)
        self.published.append((channel, events.decode(message["t"], message["d"])))
        return super().publish(channel, tail)

    def sweep(self, *, busy: Iterable[str]) -> None:
        """Keep everything while a test looks."""


@contextmanager
def captured() -> Iterator[Published]:
    """Collect everything published inside, in order, as it would arrive: `with captured() as published: …`.

    Events wired "after commit" appear once the transaction is over: in Django's TestCase run the act inside
    `captureOnCommitCallbacks(execute=True)`, with pytest use `django_capture_on_commit_callbacks(execute=True)`.
    """
    before, recorder = realtime.bus(), _Recorder()
    realtime._State.bus = recorder  # noqa: SLF001 — the one door of tests into this package
    try:
        yield recorder.published
    finally:
        realtime._State.bus = before  # noqa: SLF001 — see above
