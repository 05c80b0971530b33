"""CPU per forwarded packet of the media node, beside Debian's Janus VideoRoom with the same publisher and viewers.

One publisher and one swarm of real WebRTC viewers, each in a process of its own, come to one engine at a time. Short
rounds alternate and the median counts, because the machine may be busy; compare the ratios. Prints one JSON line:
  cpu_us_per_packet              CPU time of the node (all threads) / RTP packets counted at the viewers, 200 packets/s
  viewers_per_core               at 160 packets/s, measured: viewers / (CPU seconds of the node per second)
  janus_…, janus_event_loops_…   the same of Janus with its default settings, and with `event_loops=2`
  …_range                        lowest and highest of the rounds
  memory_bytes_per_viewer        resident memory that the joining of the viewers took
  lost_ratio                     packets missing at the viewers, the worst window of each engine
`python bench/forward.py [--quick]`; needs janus (`apt install janus`) and an address that is not loopback (root can
have one made); without them the figures of Janus are null.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import psutil

from peers import address, children, janus, node, publisher, viewers, whep

VIEWERS = 100
PACKETS_PER_S = 200
PER_CORE_PACKETS_PER_S = 160  # a usual stream: 22 frames of five packets and 50 packets of sound
EVENT_LOOPS = 2
ROUNDS = 3
WINDOW_S = 6.0
SETTLE_S = 1.0
LOST_RATIO_MAX = 0.01  # above it an engine has saved CPU by not doing its work

type Figures = dict[str, float]
type Engine = Callable[[], AbstractContextManager[tuple[int, Any]]]  # its process id, and the way in


def window(pid: int, swarm: Connection, seconds: float) -> Figures:
    """Measure for some seconds. CPU is read before counting begins and after it has ended: the error is against us."""
    time.sleep(SETTLE_S)
    used, began = children.cpu_s(pid), time.monotonic()
    children.asked(swarm, "start")
    time.sleep(seconds)
    received, expected = children.asked(swarm, "stop")
    used, took_s = children.cpu_s(pid) - used, time.monotonic() - began
    return {"used_s": used, "took_s": took_s, "received": received, "lost_ratio": 1 - received / max(1, expected)}


def round_of(engine: Engine, count: int, seconds: float) -> Figures:
    with engine() as (pid, door), children.child(publisher.publish, door, PACKETS_PER_S) as source:
        children.heard(source)
        memory_before = memory_bytes(pid)
        with children.child(viewers.watch, door, count) as swarm:
            children.heard(swarm)
            memory = (memory_bytes(pid) - memory_before) / count
            full = window(pid, swarm, seconds)
            children.asked(source, "rate", PER_CORE_PACKETS_PER_S)
            usual = window(pid, swarm, seconds)
    return {
        "cpu_us": full["used_s"] / full["received"] * 1e6,
        "packets_per_s": full["received"] / full["took_s"] / count,
        "viewers_per_core": count / (usual["used_s"] / usual["took_s"]),
        "usual_packets_per_s": usual["received"] / usual["took_s"] / count,
        "lost_ratio": max(full["lost_ratio"], usual["lost_ratio"]),
        "memory_bytes": memory,
    }


def memory_bytes(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)


@contextmanager
def running_node(address: str) -> Iterator[tuple[int, whep.Door]]:
    with node.running("--bind", address) as (process, url):
        yield process.pid, whep.Door(url)


def engines(own_address: str | None, port: int) -> dict[str, Engine]:
    """The engines by the start of their keys; Janus only where it can run."""
    found: dict[str, Engine] = {"": partial(running_node, own_address or "127.0.0.1")}
    if own_address is None:
        return found
    if why := janus.why_missing():
        sys.stderr.write(f"Janus cannot be measured: {why}.\n")
        return found
    for key, event_loops in (("janus_", None), ("janus_event_loops_", EVENT_LOOPS)):
        found[key] = partial(janus.running, address=own_address, port=port, event_loops=event_loops)
    return found


def figures_of(key: str, rounds: list[Figures]) -> dict[str, Any]:
    def median(name: str, digits: int | None = None) -> float | None:
        return round(statistics.median(one[name] for one in rounds), digits) if rounds else None

    costs = [round(one["cpu_us"], 2) for one in rounds]
    return {
        f"{key}cpu_us_per_packet": median("cpu_us", 2),
        f"{key}cpu_us_per_packet_range": [min(costs), max(costs)] if costs else None,
        f"{key}viewers_per_core": median("viewers_per_core"),
        f"{key}memory_bytes_per_viewer": median("memory_bytes"),
        f"{key}lost_ratio": round(max(one["lost_ratio"] for one in rounds), 5) if rounds else None,
    }


def run(*, port: int, rounds: int, count: int, seconds: float) -> dict[str, Any]:
    found: dict[str, list[Figures]] = {"": [], "janus_": [], "janus_event_loops_": []}
    load = [os.getloadavg()[0]]
    with address.local_address() as own_address:
        for _ in range(rounds):
            for key, engine in engines(own_address, port).items():
                found[key].append(round_of(engine, count, seconds))
    result: dict[str, Any] = {
        "bench": "forward",
        "viewers": count,
        "packets_per_s": round(statistics.median(one["packets_per_s"] for one in found[""])),
        "per_core_packets_per_s": round(statistics.median(one["usual_packets_per_s"] for one in found[""])),
        "seconds": seconds,
        "rounds": rounds,
    }
    for key, measured in found.items():
        result |= figures_of(key, measured)
        if measured and result[f"{key}lost_ratio"] > LOST_RATIO_MAX:
            sys.stderr.write(f"{key or 'node'}: too many packets were lost; its figures are worth nothing.\n")
    return result | {"cores": os.cpu_count(), "load_average": [round(load[0], 1), round(os.getloadavg()[0], 1)]}


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU per forwarded packet of node and Janus; one JSON line.")
    parser.add_argument("--quick", action="store_true", help="one short round with fewer viewers")
    parser.add_argument("--port", type=int, default=9_320, help="of Janus' API (%(default)s)")
    options = parser.parse_args()
    rounds, count, seconds = (1, 40, 2.0) if options.quick else (ROUNDS, VIEWERS, WINDOW_S)
    sys.stdout.write(json.dumps(run(port=options.port, rounds=rounds, count=count, seconds=seconds)) + "\n")


if __name__ == "__main__":
    main()
