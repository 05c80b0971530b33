"""What a receiver must keep of one sender: order, losses, jitter, round trip, and when packets came. Pure."""

from collections import deque

from vasistas.media.sfu import rtcp

MISORDER_MAX = 1_024  # further back it is a restart, not a late packet
GAP_MAX = 256  # a larger hole is not asked for again; a key frame is
NACK_PAUSE_S = 0.05
NACK_TRIES_MAX = 6
NACK_AGE_S_MAX = 1.0
NACK_PACKETS_MAX = 200  # in one request
TWCC_PACKETS_MAX = 400  # in one report
RATE_WINDOW_S, RATE_WINDOW_S_MIN = 2.0, 0.1
MARKS_MIN = 2


def unwrap(value: int, near: int) -> int:
    """The extended number closest to `near` whose lowest 16 bits are `value`."""
    return near + ((value - near + 0x8000) & 0xFFFF) - 0x8000


class Receiver:
    """The receiving end of one SSRC (RFC 3550 appendix A). Sequence numbers are extended to count on without end."""

    def __init__(self, ssrc: int, clock_hz: int) -> None:
        self.ssrc = ssrc
        self._clock_hz = clock_hz
        self.highest = -1
        self._base = 0
        self._received = 0
        self._reported = (0, 0)  # expected and received, at the last report
        self._jitter = 0.0
        self._transit: float | None = None
        self.missing: dict[int, list[float]] = {}  # sequence -> [since, tries, latest request at]
        self._sender_report: tuple[int, float] | None = None
        self.loss_ratio = 0.0
        self.is_hole_too_large = False
        self.restarts = 0  # how often the sender began to count anew
        self._suspect: int | None = None  # the number after a far too old one

    def receive(self, sequence: int, timestamp: int, at: float) -> int | None:
        """Take one packet and return its extended number, or None when it is a repeat or far too old."""
        if self.highest < 0:
            extended = self._base = self.highest = sequence + 0x1_0000
        else:
            extended = unwrap(sequence, self.highest)
            if extended > self.highest:
                self._note_hole(extended, at)
                self.highest = extended
            elif self.highest - extended > MISORDER_MAX:
                if sequence != self._suspect:
                    self._suspect = (sequence + 1) & 0xFFFF
                    return None
                extended = self._restart(sequence)
            elif self.missing.pop(extended, None) is None:
                return None
        self._received += 1
        self._measure_jitter(timestamp, at)
        return extended

    def _restart(self, sequence: int) -> int:
        """Two packets in a row from far behind: the sender counts anew (RFC 3550 appendix A.1)."""
        self.restarts += 1
        self.missing.clear()
        self._suspect, self._reported, self._received = None, (0, 0), 0
        self._base = self.highest = sequence + 0x1_0000
        return self.highest

    def recover(self, sequence: int) -> int | None:
        """Take a retransmission; None unless it was missing. It does not count as received (RFC 4588)."""
        if self.highest < 0:
            return None
        extended = unwrap(sequence, self.highest)
        return extended if self.missing.pop(extended, None) is not None else None

    def _note_hole(self, extended: int, at: float) -> None:
        if extended - self.highest > GAP_MAX:
            self.missing.clear()
            self.is_hole_too_large = True
            return
        for lost in range(self.highest + 1, extended):
            self.missing[lost] = [at, 0, 0.0]

    def _measure_jitter(self, timestamp: int, at: float) -> None:
        transit = at * self._clock_hz - timestamp
        if self._transit is not None:
            distance = abs(transit - self._transit)
            if distance < self._clock_hz * 5:  # otherwise the time stamp wrapped or jumped
                self._jitter += (distance - self._jitter) / 16
        self._transit = transit

    def wanted(self, now: float, pause_s: float = NACK_PAUSE_S) -> list[int]:
        """Numbers to ask for again now; gives up on what is too old."""
        due = []
        for sequence, entry in list(self.missing.items()):
            since, tries, latest = entry
            if now - since > NACK_AGE_S_MAX or tries >= NACK_TRIES_MAX:
                del self.missing[sequence]
            elif not tries or now - latest >= pause_s:
                entry[1] += 1
                entry[2] = now
                due.append(sequence & 0xFFFF)
        return due[:NACK_PACKETS_MAX]

    def note_sender_report(self, ntp: int, at: float) -> None:
        self._sender_report = (rtcp.middle(ntp), at)

    def report(self, now: float) -> rtcp.Block:
        """The block for the next receiver report; begins a new interval."""
        expected = self.highest - self._base + 1 if self.highest >= 0 else 0
        since_expected = expected - self._reported[0]
        since_lost = since_expected - (self._received - self._reported[1])
        self._reported = (expected, self._received)
        self.loss_ratio = max(0.0, since_lost / since_expected) if since_expected > 0 else 0.0
        last_sr, delay = 0, 0
        if self._sender_report:
            last_sr = self._sender_report[0]
            delay = int((now - self._sender_report[1]) * 65_536)
        return rtcp.Block(
            ssrc=self.ssrc,
            fraction_lost=min(255, int(self.loss_ratio * 256)),
            lost=max(-0x80_0000, min(0x7F_FFFF, expected - self._received)),
            highest=self.highest & 0xFFFF_FFFF,
            jitter=int(self._jitter) & 0xFFFF_FFFF,
            last_sr=last_sr,
            delay=delay & 0xFFFF_FFFF,
        )


class Arrivals:
    """Collects arrival times for transport-wide feedback."""

    def __init__(self) -> None:
        self._times: dict[int, float] = {}
        self._next: int | None = None
        self._highest = 0
        self._count = 0

    def note(self, sequence: int, at: float) -> None:
        if self._next is None:
            self._highest = sequence + 0x1_0000
            self._next = self._highest
        extended = unwrap(sequence, self._highest)
        self._highest = max(self._highest, extended)
        if extended >= self._next:
            self._times[extended] = at

    def feedback(self, sender: int, ssrc: int) -> bytes | None:
        """The report on all that came since the last one, None when nothing did."""
        if not self._times or self._next is None:
            return None
        begin = max(self._next, self._highest - TWCC_PACKETS_MAX)  # what was lost since the last report is in it
        arrivals = [(sequence, self._times.get(sequence)) for sequence in range(begin, self._highest + 1)]
        self._next = self._highest + 1
        self._times.clear()
        self._count += 1
        return rtcp.transport_feedback(sender, ssrc, self._count - 1, arrivals)


class Rate:
    """Bits per second over the last two seconds."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()
        self._total = 0

    @property
    def total_bytes(self) -> int:
        return self._total

    def add(self, size_bytes: int) -> None:
        self._total += size_bytes

    def bits_per_s(self, now: float) -> int:
        """Ask at least once per second, or the window is coarse."""
        self._marks.append((now, self._total))
        while len(self._marks) > MARKS_MIN and self._marks[0][0] < now - RATE_WINDOW_S:
            self._marks.popleft()
        begin, total = self._marks[0]
        return int((self._total - total) * 8 / (now - begin)) if now - begin > RATE_WINDOW_S_MIN else 0
