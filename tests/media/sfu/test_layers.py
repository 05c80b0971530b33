import itertools

import pytest

from vasistas.media.sfu import layers
from vasistas.media.sfu.layers import Chooser, Figures, Layer

LOW, MIDDLE, HIGH = Layer("l", 150_000), Layer("m", 500_000), Layer("h", 1_200_000)
ALL = [LOW, MIDDLE, HIGH]


class Way:
    """A viewer behind a way of this rate: what it reports follows from what it is sent."""

    def __init__(self, room_bps):
        self.room_bps = room_bps
        self.chooser = Chooser()
        self.chooser.start(ALL, 0.0)
        self.now = 0.0
        self.history = []
        self.lost_s = 0.0

    def run(self, seconds):
        for _ in range(int(seconds * 2)):
            self.now += 0.5
            rate = next(layer.bitrate_bps for layer in ALL if layer.rid == self.chooser.layer)
            sent = rate + self.chooser.probe_bps
            over = max(0.0, 1 - self.room_bps / sent)
            self.lost_s += 0.5 * (over > 0)
            estimate = int(min(self.room_bps * 0.95, sent * 1.3))
            figures = Figures(estimate_bps=estimate, loss=over, rtt_s=0.02 + over)
            self.chooser.update(ALL, self.now, figures)
            self.history.append(self.chooser.layer)
        return self.chooser.layer


def test_a_new_viewer_begins_in_the_middle():
    assert Chooser().start(ALL, 0.0) == "m"
    assert Chooser().start([HIGH], 0.0) == "h"
    assert Chooser().start([], 0.0) is None


def test_a_wide_way_gets_the_highest_layer():
    way = Way(5_000_000)

    assert way.run(30) == "h"
    assert not way.chooser.is_narrow


def test_a_way_of_900_kbit_settles_in_the_middle():
    way = Way(900_000)

    way.run(300)

    assert set(way.history) == {"m"}
    assert way.chooser.is_narrow
    assert way.lost_s < 10


def test_a_narrow_way_falls_to_the_lowest():
    way = Way(300_000)

    assert way.run(15) == "l"


def test_a_way_that_widens_is_used_again():
    way = Way(300_000)
    way.run(60)
    way.room_bps = 5_000_000

    assert way.run(120) == "h"


def test_loss_once_is_forgiven_and_twice_is_not():
    chooser = Chooser()
    chooser.start(ALL, 0.0)

    assert chooser.update(ALL, 10.0, Figures(loss=0.15)) == "m"
    assert chooser.update(ALL, 10.5, Figures()) == "m"
    assert chooser.update(ALL, 11.0, Figures(loss=0.15)) == "l"


def test_severe_loss_falls_at_once():
    chooser = Chooser()
    chooser.start(ALL, 0.0)

    assert chooser.update(ALL, 10.0, Figures(loss=0.4)) == "l"


def test_failed_probes_wait_longer_each_time():
    way = Way(900_000)
    probes = []
    for _ in range(1_200):
        before = way.chooser.probe_bps
        way.run(0.5)
        if way.chooser.probe_bps and not before:
            probes.append(way.now)

    pauses = [later - earlier for earlier, later in itertools.pairwise(probes)]
    assert pauses == sorted(pauses)
    assert pauses[-1] > layers.HOLD_S_MAX


def test_a_layer_that_is_gone_is_replaced():
    chooser = Chooser()
    chooser.start(ALL, 0.0)

    assert chooser.update([LOW], 1.0, Figures()) == "l"


@pytest.mark.parametrize("layer", ALL)
def test_a_single_layer_is_kept_whatever_happens(layer):
    chooser = Chooser()
    chooser.start([layer], 0.0)

    for second in range(5, 20):
        assert chooser.update([layer], float(second), Figures(estimate_bps=50_000, loss=0.5)) == layer.rid
