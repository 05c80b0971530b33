"""Which simulcast layer a viewer gets. Pure: figures in, a decision out; time is passed in.

Down at once when the way is too narrow; up only after a quiet time, and only after a probe: duplicates that raise the
rate step by step to that of the next layer while the pictures stay as they are. A probe that meets loss or a falling
estimate ends and doubles the wait before the next one (2, 4, 8 … times), so a narrow way is left in peace.

| seen by the viewer | then |
|---|---|
| > 10 % lost twice in a row, or > 25 % once | the highest layer below 70 % of the current rate, at least one down |
| estimate < 85 % of the layer's rate, for 1 s | the highest layer below 85 % of the estimate, at least one down |
| calm for the hold (5 s, doubles to 160 s) | probe to 110 % of the next layer's rate, over 4 s |
| estimate > 130 % of the next layer's rate, calm for 2 s | up, no probe needed |
"""

from collections.abc import Sequence
from dataclasses import dataclass

START_BPS_MAX = 700_000  # a new viewer begins with the highest layer below this
LOSS_HIGH, LOSS_SEVERE, LOSS_CALM = 0.10, 0.25, 0.02
ESTIMATE_LOW_S = 1.0
CALM_S = 2.0
HOLD_S, HOLD_S_MAX = 5.0, 160.0
REGRET_S = 15.0  # a step up that fails within this was wrong
PROBE_RAMP_S, PROBE_S = 3.0, 4.0
PROBE_RATIO = 1.1
SETTLE_S = 3.0  # after a change old figures still come in


@dataclass(frozen=True)
class Layer:
    """One layer that is being sent now. bitrate_bps > 0."""

    rid: str
    bitrate_bps: int


class Chooser:
    """The state of one viewer. `layer` is what it should get; `probe_bps` what to add in duplicates now."""

    def __init__(self) -> None:
        self.layer: str | None = None
        self.probe_bps = 0
        self.is_narrow = False  # a higher layer exists and did not fit
        self._hold_s = HOLD_S
        self._calm_since: float | None = None
        self._low_since: float | None = None
        self._high_losses = 0
        self._changed_at = float("-inf")
        self._raised_at = float("-inf")
        self._probe_began: float | None = None
        self._probe_best_bps = 0

    def start(self, layers: Sequence[Layer], now: float) -> str | None:
        """Choose for a new viewer. layers: low to high."""
        if layers:
            fitting = [layer.rid for layer in layers if layer.bitrate_bps <= START_BPS_MAX]
            self._move(fitting[-1] if fitting else layers[0].rid, now)
        return self.layer

    def update(
        self, layers: Sequence[Layer], now: float, *, estimate_bps: int | None, loss: float | None
    ) -> str | None:
        """Decide again; call it every half second.

        Args: layers: low to high. estimate_bps: the viewer's REMB. loss: of its latest report, None when there was no
        new one.
        """
        rids = [layer.rid for layer in layers]
        if self.layer not in rids:
            return self.start(layers, now)
        index = rids.index(self.layer)
        current = layers[index]
        if now - self._changed_at < SETTLE_S:
            return self.layer
        if (below := self._too_narrow(layers, index, now, estimate_bps, loss)) is not None:
            self._fall(rids[below], now)
            return self.layer
        self._note_calm(now, loss)
        if index + 1 < len(layers):
            self._climb(current, layers[index + 1], now, estimate_bps)
        else:
            self._stop_probe()
            self.is_narrow = False
        return self.layer

    def _too_narrow(
        self, layers: Sequence[Layer], index: int, now: float, estimate_bps: int | None, loss: float | None
    ) -> int | None:
        """The index to fall to, or None."""
        rate = layers[index].bitrate_bps
        if loss is not None:
            self._high_losses = self._high_losses + 1 if loss > LOSS_HIGH else 0
        room_bps = rate
        if loss is not None and (loss > LOSS_SEVERE or self._high_losses >= 2):
            room_bps = int(rate * 0.7)
        if estimate_bps is not None and estimate_bps < rate * 0.85:
            self._low_since = now if self._low_since is None else self._low_since
            if now - self._low_since >= ESTIMATE_LOW_S:
                room_bps = min(room_bps, int(estimate_bps * 0.85))
        else:
            self._low_since = None
        if room_bps >= rate or index == 0:
            return None
        fitting = [at for at in range(index) if layers[at].bitrate_bps <= room_bps]
        return fitting[-1] if fitting else 0

    def _fall(self, rid: str, now: float) -> None:
        if self._probe_began is not None or now - self._raised_at < REGRET_S:
            self._hold_s = min(HOLD_S_MAX, self._hold_s * 2)
        self.is_narrow = True
        self._move(rid, now)

    def _note_calm(self, now: float, loss: float | None) -> None:
        if loss is not None and loss > LOSS_CALM:
            self._calm_since = None
        elif self._calm_since is None and loss is not None:
            self._calm_since = now

    def _climb(self, current: Layer, above: Layer, now: float, estimate_bps: int | None) -> None:
        if self._probe_began is not None:
            self._continue_probe(current, above, now, estimate_bps)
            return
        if self._calm_since is None:
            return
        calm_s = now - max(self._calm_since, self._changed_at)
        if calm_s >= CALM_S and estimate_bps is not None and estimate_bps > above.bitrate_bps * 1.3:
            self._raise(above.rid, now)
        elif calm_s >= self._hold_s:
            self._probe_began = now
            self._probe_best_bps = estimate_bps or 0

    def _continue_probe(self, current: Layer, above: Layer, now: float, estimate_bps: int | None) -> None:
        began = self._probe_began if self._probe_began is not None else now
        estimate = estimate_bps or 0
        self._probe_best_bps = max(self._probe_best_bps, estimate)
        if self._calm_since is None or estimate < self._probe_best_bps * 0.9:
            self._stop_probe()
            self._calm_since = now
            self._hold_s = min(HOLD_S_MAX, self._hold_s * 2)
            self.is_narrow = True
        elif now - began >= PROBE_S:
            self._raise(above.rid, now)
        else:
            most = above.bitrate_bps * PROBE_RATIO - current.bitrate_bps
            self.probe_bps = max(0, int(most * min(1.0, (now - began + 0.5) / PROBE_RAMP_S)))

    def _raise(self, rid: str, now: float) -> None:
        if now - self._raised_at > REGRET_S * 4:
            self._hold_s = HOLD_S
        self._raised_at = now
        self.is_narrow = False
        self._move(rid, now)

    def _move(self, rid: str, now: float) -> None:
        self.layer = rid
        self._changed_at = now
        self._calm_since, self._low_since, self._high_losses = None, None, 0
        self._stop_probe()

    def _stop_probe(self) -> None:
        self._probe_began, self.probe_bps = None, 0
