"""A media node under clients that come, go and die: thousands of joins, without a hang, without a leak.

`soak.py [--short]`, 3 minutes or 40 s. Clients are processes of their own; they join and leave at random, politely or
not, publishers reconnect and take over, and every second or so one process dies by -9. The node is asked all the time
whether it answers (2 s at most). At the end it must hold what it held after warming up, and no object of any session.
Then a hostile publisher sends 30,000 packets/s into one room while a witness in another one counts losses and gaps,
beside the same seconds without it. Prints one JSON line; what is wrong stands on standard error, exit code 1.
"""

import argparse
import json
import random
import sys
import time
from dataclasses import dataclass
from typing import Any

from soaking import node as nodes
from soaking import verdict
from soaking.crowd import Crowd

ROOMS = tuple(f"soak-{number}" for number in range(6))
VIEWER_PROCESSES = 4
KILL_S = 1.2  # between two kills, in the mean
SILENCE_S = 12.0  # the node's 8 s without a word, and a little
EMPTY_S = 30.0
SETTLE_S = 2.0


@dataclass(frozen=True)
class Form:
    """How long each part takes, in seconds. joins_min: fewer are a fault."""

    warm_s: float
    churn_s: float
    calm_s: float
    attack_s: float
    joins_min: int
    waits_for_silence: bool


FULL = Form(warm_s=20, churn_s=95, calm_s=10, attack_s=20, joins_min=1_000, waits_for_silence=True)
SHORT = Form(warm_s=5, churn_s=10, calm_s=3, attack_s=5, joins_min=100, waits_for_silence=False)


def churn(node: nodes.Node, crowd: Crowd, chance: random.Random, seconds: float) -> None:
    """Let them come and go, kill one now and then, close a room now and then."""
    for room in ROOMS:
        crowd.start("publisher", room)
    for _ in range(VIEWER_PROCESSES):
        crowd.start("viewers", *ROOMS)
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        time.sleep(min(3 * KILL_S, chance.expovariate(1 / KILL_S)))
        crowd.kill_and_replace_one()
        crowd.replace_silent()
        if chance.random() < 0.1:
            node.client.close_room(chance.choice(ROOMS))


def clear(node: nodes.Node, crowd: Crowd, *, waits_for_silence: bool) -> None:
    """Kill all clients and have the node forget them; first by itself, as it must when they only fall silent."""
    crowd.kill_all("viewers", "witness")
    if waits_for_silence:
        nodes.until(lambda: node.client.node_stats().viewers == 0, within_s=EMPTY_S)
    crowd.kill_all()
    if waits_for_silence:
        nodes.until(lambda: node.client.node_stats().publishers == 0, within_s=SILENCE_S)
    for room in (*ROOMS, "victim", "hostile"):
        node.client.close_room(room)
    nodes.until(node.is_empty, within_s=EMPTY_S)
    time.sleep(SETTLE_S)


def attack(node: nodes.Node, crowd: Crowd, form: Form) -> dict[str, Any]:
    """Compare what a witness sees before and while another room is flooded."""
    crowd.start("steady", "victim")
    crowd.start("witness", "victim")
    nodes.until(lambda: len(crowd.seen) > 2, within_s=EMPTY_S)
    crowd.seen.clear()
    time.sleep(form.calm_s)
    before = witnessed(crowd)
    dropped = node.client.node_stats().packets_dropped
    crowd.start("hostile", "hostile")
    nodes.until(lambda: node.client.node_stats().packets_dropped > dropped, within_s=EMPTY_S)
    crowd.seen.clear()
    time.sleep(form.attack_s)
    during = witnessed(crowd)
    return {
        "hostile_packets_per_s": round(crowd.sent / crowd.sent_s) if crowd.sent_s else 0,
        "hostile_packets_dropped": node.client.node_stats().packets_dropped - dropped,
        "victim_lost_ratio_before": before[0],
        "victim_lost_ratio_after": during[0],
        "victim_gap_ms_max_before": before[1],
        "victim_gap_ms_max_after": during[1],
    }


def witnessed(crowd: Crowd) -> tuple[float, float]:
    """Return the share of packets lost and the longest gap in ms since `seen` was cleared."""
    seen = list(crowd.seen)
    received, expected = sum(one[0] for one in seen), sum(one[1] for one in seen)
    lost_ratio = round(1 - received / expected, 4) if expected else 1.0
    return max(0.0, lost_ratio), max((one[2] for one in seen), default=float("inf"))


def soak(node: nodes.Node, form: Form, seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    crowd = Crowd(node.url, node.key, chance)
    watch = nodes.Watch(node)
    try:
        fresh = node.inside()
        churn(node, crowd, chance, form.warm_s)
        clear(node, crowd, waits_for_silence=False)
        start, warm, warm_joins = node.gauges(), node.inside(), crowd.tally["joined"]
        churn(node, crowd, chance, form.churn_s)
        clear(node, crowd, waits_for_silence=form.waits_for_silence)
        attacked = attack(node, crowd, form)
        clear(node, crowd, waits_for_silence=False)
        stats, end, inside = node.client.node_stats(), node.gauges(), node.inside()
    finally:
        watch.stop()
        crowd.kill_all()
    tally = crowd.tally
    blocks = inside["python_blocks"] - warm["python_blocks"]
    return {
        "bench": "soak",
        "joins": tally["joined"],
        "joins_with_media": tally["media"],
        "joins_refused": tally["refused"],
        "joins_failed": sum(count for what, count in tally.items() if what.startswith("failed viewer")),
        "joins_per_s": round(tally["joined"] / (form.warm_s + form.churn_s), 1),
        "published": tally["published"],
        "kills": crowd.kills,
        "client_hangs": crowd.client_hangs,
        "hangs": watch.hangs,
        "answer_ms_max": round(watch.answer_s_max * 1_000),
        **{f"{name}_start": value for name, value in start.items()},
        **{f"{name}_end": value for name, value in end.items()},
        "python_blocks_per_join": round(blocks / max(1, tally["joined"] - warm_joins), 1),
        "sessions_left": stats.rooms + stats.publishers + stats.viewers + stats.probes + stats.peers_open,
        "objects_left": verdict.objects_left(fresh["objects"], inside["objects"]),
        **attacked,
        "seed": seed,
        "why": {what: count for what, count in sorted(tally.items()) if " " in what},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="A media node under restless clients; one JSON line.")
    parser.add_argument("--short", action="store_true", help="40 s instead of 3 minutes")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="of all chance")
    parser.add_argument("--media-ports", default="", help="a range for the node, like 20000-20999, instead of one port")
    options = parser.parse_args()
    form = SHORT if options.short else FULL
    began = time.monotonic()
    with nodes.running(*(["--media-ports", options.media_ports] if options.media_ports else [])) as node:
        try:
            found = soak(node, form, options.seed)
        except (nodes.MediaError, TimeoutError) as error:
            print(json.dumps({"bench": "soak", "seed": options.seed, "passed": False}))
            print(f"soak: the node hangs or does not let go: {error}", file=sys.stderr)
            return 1
    wrong = list(verdict.faults(found, joins_min=form.joins_min))
    print(json.dumps({**found, "seconds": round(time.monotonic() - began), "passed": not wrong}))
    for sentence in wrong:
        print(f"soak: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
