"""Which simulcast layer a viewer gets. Pure: figures in, a decision out; time is passed in.

Down soon when the way is too narrow; up only after a quiet time and a probe: duplicates raise the rate slowly to that
of the next layer while the pictures stay as they are. A probe that meets loss, delay or a falling estimate ends at once
and doubles the wait before the next one, so a narrow way is left in peace.

| seen by the viewer | then |
|---|---|
| > 10 % lost twice in a row, or > 25 % once | the highest layer below 70 % of the current rate, at least one down |
| estimate < 85 % of the layer's rate, for 2 s | the highest layer below 85 % of the estimate, at least one down |
| calm for the hold (4 s, doubles to 128 s) | probe: 15 % of the next layer's rate more each second, up to 110 % |
| > 2 % lost, 60 ms more round trip or 10 % less estimate while probing | the probe ends, the hold doubles |
| estimate > 130 % of the next layer's rate, calm for 2 s | up, no probe needed |
"""

from collections.abc import Sequence
from dataclasses import dataclass

START_BPS_MAX = 700_000  # a new viewer begins with the highest layer below this
LOSS_HIGH, LOSS_SEVERE, LOSS_CALM = 0.10, 0.25, 0.02
LOSSES_MAX = 2  # reports in a row with a high loss
LOSS_ROOM_RATIO = 0.7  # of the current rate, when too much is lost
ESTIMATE_RATIO = 0.85
ESTIMATE_LOW_S = 2.0
CALM_S = 2.0
CLEAR_RATIO = 1.3
HOLD_S, HOLD_S_MAX = 4.0, 128.0
REGRET_S = 15.0  # a step up that fails within this was wrong
PROBE_GROWTH_PER_S = 0.15  # of the next layer's rate
PROBE_RATIO = 1.1
PROBE_DELAY_S = 0.06
PROBE_ESTIMATE_RATIO = 0.9
START_SETTLE_S = 1.0
SETTLE_S = 3.0  # after a change or a probe old figures still come in


@dataclass(frozen=True)
class Layer:
    """One layer that is being sent now. bitrate_bps > 0."""

    rid: str
    bitrate_bps: int


@dataclass(frozen=True)
class Figures:
    """What a viewer reported. estimate_bps: its REMB. loss: of its latest report, None when there was no new one."""

    estimate_bps: int | None = None
    loss: float | None = None
    rtt_s: float | None = None


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
        self._settled_at = float("-inf")
        self._raised_at = float("-inf")
        self._probe_began: float | None = None
        self._probe_best_bps = 0
        self._probe_rtt_s: float | None = None

    def start(self, layers: Sequence[Layer], now: float) -> str | None:
        """Choose for a new viewer. layers: low to high."""
        if layers:
            fitting = [layer.rid for layer in layers if layer.bitrate_bps <= START_BPS_MAX]
            self._move(fitting[-1] if fitting else layers[0].rid, now)
            self._settled_at = now + START_SETTLE_S
        return self.layer

    def update(self, layers: Sequence[Layer], now: float, figures: Figures) -> str | None:
        """Decide again; call it every half second. layers: low to high."""
        rids = [layer.rid for layer in layers]
        if self.layer not in rids:
            return self.start(layers, now)
        index = rids.index(self.layer)
        if now < self._settled_at:
            return self.layer
        above = layers[index + 1] if index + 1 < len(layers) else None
        if self._probe_began is not None and (above is None or self._is_probe_too_much(figures)):
            self._give_up_probe(now)
            return self.layer
        below = self._too_narrow(layers, index, now, figures)
        if below is not None:
            self._fall(rids[below], now)
            return self.layer
        self._note_calm(now, figures.loss)
        if above is None:
            self.is_narrow = False
        elif self._probe_began is not None:
            self._continue_probe(layers[index], above, now, figures.estimate_bps or 0)
        elif self._calm_since is not None:
            self._climb(above, now, figures)
        return self.layer

    # -- down --------------------------------------------------------------------------------------------------------

    def _too_narrow(self, layers: Sequence[Layer], index: int, now: float, figures: Figures) -> int | None:
        """The index to fall to, or None."""
        rate = layers[index].bitrate_bps
        room_bps = rate
        if figures.loss is not None:
            self._high_losses = self._high_losses + 1 if figures.loss > LOSS_HIGH else 0
            if figures.loss > LOSS_SEVERE or self._high_losses >= LOSSES_MAX:
                room_bps = int(rate * LOSS_ROOM_RATIO)
        if figures.estimate_bps is not None and figures.estimate_bps < rate * ESTIMATE_RATIO:
            self._low_since = now if self._low_since is None else self._low_since
            if now - self._low_since >= ESTIMATE_LOW_S:
                room_bps = min(room_bps, int(figures.estimate_bps * ESTIMATE_RATIO))
        else:
            self._low_since = None
        if room_bps >= rate or index == 0:
            return None
        fitting = [at for at in range(index) if layers[at].bitrate_bps <= room_bps]
        return fitting[-1] if fitting else 0

    def _fall(self, rid: str, now: float) -> None:
        if now - self._raised_at < REGRET_S:
            self._hold_s = min(HOLD_S_MAX, self._hold_s * 2)
        self.is_narrow = True
        self._move(rid, now)

    # -- up ----------------------------------------------------------------------------------------------------------

    def _note_calm(self, now: float, loss: float | None) -> None:
        if loss is not None and loss > LOSS_CALM:
            self._calm_since = None
        elif self._calm_since is None and loss is not None:
            self._calm_since = now

    def _climb(self, above: Layer, now: float, figures: Figures) -> None:
        calm_s = now - self._calm_since if self._calm_since is not None else 0.0
        estimate = figures.estimate_bps or 0
        if calm_s >= CALM_S and estimate > above.bitrate_bps * CLEAR_RATIO:
            self._raise(above.rid, now)
        elif calm_s >= self._hold_s:
            self._probe_began = now
            self._probe_best_bps = estimate
            self._probe_rtt_s = figures.rtt_s

    def _is_probe_too_much(self, figures: Figures) -> bool:
        estimate = figures.estimate_bps or 0
        self._probe_best_bps = max(self._probe_best_bps, estimate)
        if figures.rtt_s is not None:
            before = figures.rtt_s if self._probe_rtt_s is None else self._probe_rtt_s
            self._probe_rtt_s = min(before, figures.rtt_s)
            if figures.rtt_s > self._probe_rtt_s + PROBE_DELAY_S:
                return True
        is_lossy = figures.loss is not None and figures.loss > LOSS_CALM
        return is_lossy or estimate < self._probe_best_bps * PROBE_ESTIMATE_RATIO

    def _give_up_probe(self, now: float) -> None:
        self._stop_probe()
        self._hold_s = min(HOLD_S_MAX, self._hold_s * 2)
        self._calm_since, self._low_since, self._high_losses = None, None, 0
        self._settled_at = now + SETTLE_S
        self.is_narrow = True

    def _continue_probe(self, current: Layer, above: Layer, now: float, estimate: int) -> None:
        began = self._probe_began if self._probe_began is not None else now
        most = above.bitrate_bps * PROBE_RATIO - current.bitrate_bps
        wanted = above.bitrate_bps * PROBE_GROWTH_PER_S * (now - began)
        if wanted > most + above.bitrate_bps * PROBE_GROWTH_PER_S or estimate > above.bitrate_bps * CLEAR_RATIO:
            self._raise(above.rid, now)
        else:
            self.probe_bps = max(0, int(min(wanted, most)))

    def _raise(self, rid: str, now: float) -> None:
        if now - self._raised_at > REGRET_S * 4:
            self._hold_s = HOLD_S
        self._raised_at = now
        self.is_narrow = False
        self._move(rid, now)

    def _move(self, rid: str, now: float) -> None:
        self.layer = rid
        self._settled_at = now + SETTLE_S
        self._calm_since, self._low_since, self._high_losses = None, None, 0
        self._stop_probe()

    def _stop_probe(self) -> None:
        self._probe_began, self.probe_bps = None, 0
