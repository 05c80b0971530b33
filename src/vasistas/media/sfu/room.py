"""A room: one publisher, its outputs, its viewers, and the one thread in which all of that happens.

Native threads only put packets into the queue. Everything else, joins and leaves too, is a call in the same queue, so
nothing here needs a lock. What the event loop reads (stats) are plain numbers that may be a moment old.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from vasistas.media.sfu import limits, rtcp, rtp, sdp
from vasistas.media.sfu.ingress import Ingress
from vasistas.media.sfu.layers import Layer
from vasistas.media.sfu.output import Kept, Output
from vasistas.media.sfu.viewer import AUDIO_SSRC, VIDEO_SSRC, Viewer

TICK_S = 0.05
SECOND_S = 1.0
DECIDE_S = 0.5  # between two choices of layers, and two reports to viewers
REPORTS_REMEMBERED = 16
LAYER_MIN_BPS = 5_000  # below this a layer is not being sent

type Take = Callable[[bytes, float], None]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Gate:
    """Counts packets in the native thread, before they cost anything (a second at a time)."""

    window: int = 0
    count: int = 0
    strikes: int = 0

    def count_at(self, now: float) -> int:
        """How many came in this second, with this one."""
        if int(now) != self.window:
            self.window, self.count = int(now), 0
        self.count += 1
        return self.count


class Room:
    """Args: on_lost: called in this thread with (session, reason) when one has to go; the node then closes it."""

    def __init__(self, name: str, *, bitrate_bps_max: int, on_lost: Callable[[str, str], None]) -> None:
        self.name = name
        self.codec: sdp.Codec | None = None  # of the video, from the first publisher on
        self._bitrate_bps_max = bitrate_bps_max
        self._on_lost = on_lost
        self._queue: queue.SimpleQueue[tuple[Take | None, bytes, float]] = queue.SimpleQueue()
        self._outputs: dict[tuple[sdp.Kind, str], Output] = {}
        self._began_at = time.monotonic()
        self.publisher: str | None = None
        self.ingress: Ingress | None = None
        self.viewers: dict[str, Viewer] = {}
        self._waiting: set[str] = set()
        self._report_sent_at: dict[int, float] = {}
        self._second_at = self._decide_at = self._ticked_at = self._began_at
        self._away_at = self._began_at
        self._over_s = 0
        self.dropped = 0
        self._received = 0
        self.moved_at = self._began_at
        self.thread = threading.Thread(target=self._run, name=f"room-{name}", daemon=True)
        self.thread.start()

    # -- from other threads ------------------------------------------------------------------------------------------

    def entrance(self, take: Take) -> Callable[[bytes], None]:
        """The callback for one viewer's packets: puts them into the queue, or drops what is too much."""
        put, size, gate = self._queue.put, self._queue.qsize, Gate()

        def enter(data: bytes) -> None:
            now = time.monotonic()
            if gate.count_at(now) <= limits.VIEWER_PACKETS_PER_S_MAX and size() < limits.ROOM_QUEUE_PACKETS_MAX:
                put((take, data, now))

        return enter

    def budgeted_entrance(self, take: Take, session: str) -> Callable[[bytes], None]:
        """The same for a publisher, with its budget of packets per second; the second strike ends it."""
        put, size, gate = self._queue.put, self._queue.qsize, Gate()

        def enter(data: bytes) -> None:
            now = time.monotonic()
            if gate.count_at(now) > limits.PUBLISHER_PACKETS_PER_S_MAX:
                self.dropped += 1
                if gate.count == limits.PUBLISHER_PACKETS_PER_S_MAX + 1:
                    gate.strikes += 1
                    if gate.strikes == limits.PUBLISHER_STRIKES_MAX:
                        self._on_lost(session, "over_budget")
                return
            if size() < limits.ROOM_QUEUE_PACKETS_MAX:
                put((take, data, now))
            else:
                self.dropped += 1

        return enter

    def call(self, function: Callable[[], None]) -> None:
        """Have `function` run in the room's thread."""
        self._queue.put((lambda _data, _at: function(), b"", time.monotonic()))

    def stop(self) -> None:
        self._queue.put((None, b"", 0.0))

    @property
    def received(self) -> int:
        ingress = self.ingress
        return self._received + (ingress.packets if ingress else 0)

    @property
    def forwarded(self) -> int:
        return sum(output.sent for output in list(self._outputs.values()))

    @property
    def video_outputs(self) -> list[Output]:
        """What the publisher sends now, the smallest first."""
        ingress = self.ingress
        found = [output for output in ingress.video_outputs if output.bitrate_bps > LAYER_MIN_BPS] if ingress else []
        return sorted(found, key=lambda output: output.bitrate_bps)

    # -- in the room's thread ----------------------------------------------------------------------------------------

    def publish(self, session: str, ingress: Ingress) -> None:
        self.publisher, self.ingress = session, ingress
        self._over_s = 0

    def unpublish(self, ingress: Ingress) -> None:
        ingress.is_ended = True
        if self.ingress is ingress:
            self._received += ingress.packets
            self.publisher = self.ingress = None

    def join(self, viewer: Viewer) -> None:
        now = time.monotonic()
        self.viewers[viewer.session] = viewer
        viewer.hear(self.output("audio", ""))
        layers = self._layers()
        rid = viewer.chooser.start(layers, now)
        outputs = self.ingress.video_outputs if self.ingress else []
        if output := self._find(rid) or next(iter(outputs), None):
            self._await_key_frame(viewer, output, now)

    def leave(self, session: str) -> None:
        viewer = self.viewers.pop(session, None)
        self._waiting.discard(session)
        if viewer is not None:
            viewer.leave()

    def output(self, kind: sdp.Kind, rid: str) -> Output:
        """Find or make the output of a kind and layer."""
        output = self._outputs.get((kind, rid))
        if output is None:
            codec = self.codec.name if self.codec and kind == "video" else ""
            clock_hz = rtp.VIDEO_HZ if kind == "video" else rtp.AUDIO_HZ
            output = Output(rid=rid, clock_hz=clock_hz, codec=codec, began_at=self._began_at)
            self._outputs[(kind, rid)] = output
        return output

    def forward(self, output: Output, kept: Kept) -> None:
        if kept.is_key and self._waiting:
            for session in [name for name in self._waiting if self.viewers[name].waiting is output]:
                self.viewers[session].switch(kept)
                self._waiting.discard(session)
        output.send(kept)

    def take_report(self, viewer: Viewer) -> Take:
        """What to do with a viewer's packets."""

        def take(data: bytes, at: float) -> None:
            if not rtp.is_rtcp(data):
                return
            needs_key_frame = viewer.read(data, at, self._report_sent_at)
            if needs_key_frame and self.ingress and (output := viewer.waiting or viewer.output):
                self.ingress.ask_key_frame(output, at)

        return take

    def _run(self) -> None:
        get = self._queue.get
        next_tick = time.monotonic() + TICK_S
        while True:
            try:
                take, data, at = get(timeout=max(0.001, next_tick - time.monotonic()))
            except queue.Empty:
                at = time.monotonic()
            else:
                if take is None:
                    break
                try:
                    take(data, at)
                except Exception:
                    logger.exception("media.packet_failed")
            if at >= next_tick:
                next_tick = at + TICK_S
                self._tick_safely(time.monotonic())
        for session in list(self.viewers):
            self.leave(session)
        self.ingress = None

    def _tick_safely(self, now: float) -> None:
        self.moved_at = now
        try:
            self._tick(now)
        except Exception:
            logger.exception("media.tick_failed")

    def _tick(self, now: float) -> None:
        elapsed_s, self._ticked_at = now - self._ticked_at, now
        if self.ingress:
            self.ingress.tick(now)
        for viewer in self.viewers.values():
            if viewer.chooser.probe_bps:
                viewer.probe(elapsed_s, now)
        if now - self._decide_at >= DECIDE_S:
            self._decide_at = now
            self._decide(now)
            self._send_reports(now)
        if now - self._second_at >= SECOND_S:
            self._second_at = now
            self._second(now)

    def _decide(self, now: float) -> None:
        """Choose each viewer's layer again, and find one for those who have none."""
        for output in list(self._outputs.values()):
            output.bitrate_bps = output.rate.bits_per_s(now)
        layers = self._layers()
        if not layers:
            self._give_first(now)
            return
        for viewer in self.viewers.values():
            rid = viewer.chooser.update(layers, now, viewer.take_figures())
            chosen = self._find(rid)
            wanted = viewer.waiting or viewer.output
            if chosen is not None and chosen is not wanted:
                self._await_key_frame(viewer, chosen, now)

    def _give_first(self, now: float) -> None:
        """Nothing is measured yet: whoever has no picture gets the first stream there is."""
        first = next(iter(self.ingress.video_outputs), None) if self.ingress else None
        for viewer in self.viewers.values():
            if first is not None and viewer.output is None and viewer.waiting is None:
                self._await_key_frame(viewer, first, now)

    def _await_key_frame(self, viewer: Viewer, output: Output, now: float) -> None:
        if viewer.video is None:
            return
        if output is viewer.output:
            viewer.waiting = None
            self._waiting.discard(viewer.session)
            return
        viewer.await_key_frame(output)
        self._waiting.add(viewer.session)
        if self.ingress:
            self.ingress.ask_key_frame(output, now)

    def _layers(self) -> list[Layer]:
        return [Layer(output.rid, output.bitrate_bps) for output in self.video_outputs]

    def _find(self, rid: str | None) -> Output | None:
        return self._outputs.get(("video", rid)) if rid is not None else None

    def _second(self, now: float) -> None:
        has_media = self.ingress is not None and self.ingress.latest_at is not None
        for viewer in list(self.viewers.values()):
            viewer.count_second(now)
            silent_since = max(viewer.reported_at, viewer.joined_at, self._steady_since(now))
            if has_media and viewer.size_bytes and now - silent_since > limits.SILENCE_S_MAX:
                self._on_lost(viewer.session, "lost")
        if self.ingress is not None and self.publisher is not None:
            self._check_publisher(self.ingress, self.publisher, now)

    def _steady_since(self, now: float) -> float:
        """Viewers fall silent when the publisher is away; they have time again when it is back."""
        if self.ingress is None:
            self._away_at = now
        return self._away_at

    def _check_publisher(self, ingress: Ingress, session: str, now: float) -> None:
        if ingress.latest_at is not None and now - ingress.latest_at > limits.SILENCE_S_MAX:
            self._on_lost(session, "lost")
        is_over = ingress.bitrate_bps > self._bitrate_bps_max * limits.BITRATE_OVER_RATIO
        self._over_s = self._over_s + 1 if is_over else 0
        if self._over_s >= limits.BITRATE_OVER_S_MAX:
            self._on_lost(session, "over_budget")

    def _send_reports(self, now: float) -> None:
        """Pass the publisher's clock on to every group of viewers; also how they know that the line is alive.

        It goes on while the publisher is silent or gone, so that nobody reconnects for that.
        """
        for (kind, _), output in self._outputs.items():
            clock = output.clock_at(now)
            if clock is None:
                continue
            ntp, timestamp = clock
            self._report_sent_at[rtcp.middle(ntp)] = now
            ssrc = VIDEO_SSRC if kind == "video" else AUDIO_SSRC
            for group in output.groups.values():
                shifted = (timestamp + group.variant.timestamp_shift) & rtp.TIMESTAMP_MASK
                report = rtcp.sender_report(
                    ssrc, ntp=ntp, timestamp=shifted, packets=group.packets, size_bytes=group.bytes
                )
                for send in group.sends.values():
                    try:
                        send(report)
                    except RuntimeError:  # closed a moment ago
                        output.failed += 1
        while len(self._report_sent_at) > REPORTS_REMEMBERED:
            self._report_sent_at.pop(next(iter(self._report_sent_at)))
