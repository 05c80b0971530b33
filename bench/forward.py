"""CPU per forwarded packet: our node and Debian's Janus (default, and event_loops=2) with the same subscribers.

`forward.py [--viewers 100] [--seconds 8] [--packets 200]`; one JSON line. CPU is the server's own process time; packets
are what the subscribers received. goal: <= 13 µs, ahead of both, >= 480 viewers per core at 160 packets/s.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import psutil

from peers import janus, node
from peers.processes import Child, cpu_s

VIEWER_PACKETS_PER_S = 160  # of a usual room: 25 frames of four packets, Opus, some retransmission
WARM_S = 4.0
GOAL_US, GOAL_VIEWERS = 13.0, 480


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--packets", type=int, default=200, help="a second, from the publisher")
    options = parser.parse_args()
    figures: dict[str, object] = {"bench": "forward", "viewers": options.viewers, "packets_per_s": options.packets}
    with node.running() as (process, url):
        figures |= _measure("", "node", url, process.pid, options)
    for prefix, loops in (("janus_", None), ("janus_event_loops_", 2)):
        try:
            with tempfile.TemporaryDirectory() as folder:
                port = node.free_port()
                with janus.running(Path(folder) / "janus", port=port, event_loops=loops) as process:
                    figures |= _measure(prefix, "janus", f"http://127.0.0.1:{port}/janus", process.pid, options)
        except (janus.Unavailable, RuntimeError) as error:
            figures[f"{prefix}cpu_us_per_packet"] = figures[f"{prefix}viewers_per_core"] = None
            figures[f"{prefix}reason"] = str(error)
    figures["goal"] = f"<= {GOAL_US} us, ahead of both, >= {GOAL_VIEWERS} viewers per core"
    figures["is_met"] = _is_met(figures)
    print(json.dumps(figures))


def _measure(prefix: str, kind: str, url: str, pid: int, options: argparse.Namespace) -> dict[str, object]:
    key = node.KEY.decode()
    with Child("publisher.py", kind, url, "bench", key, options.packets) as publisher:
        publisher.line()
        before = psutil.Process(pid).memory_info().rss
        with Child("viewers.py", kind, url, "bench", key, options.viewers) as viewers:
            joined = json.loads(viewers.line())
            time.sleep(WARM_S)
            viewers.ask()
            cpu, began = cpu_s(pid), time.monotonic()
            time.sleep(options.seconds)
            heard = viewers.ask()
            spent_s, took_s = cpu_s(pid) - cpu, time.monotonic() - began
            memory = psutil.Process(pid).memory_info().rss - before
    print(f"{prefix or 'node '}: {joined} {heard} in {took_s:.1f} s, {spent_s:.2f} s of CPU", file=sys.stderr)
    if not heard["packets"]:
        raise RuntimeError("the subscribers received nothing")
    us = spent_s * 1e6 / heard["packets"]
    return {
        f"{prefix}cpu_us_per_packet": round(us, 2),
        f"{prefix}viewers_per_core": round(1e6 / us / VIEWER_PACKETS_PER_S),
        f"{prefix}packets_received": heard["packets"],
        f"{prefix}packets_lost": heard["lost"],
        f"{prefix}viewers_without_video": heard["quiet"] + joined["failed"],
        f"{prefix}kb_per_viewer": round(memory / 1024 / max(1, joined["joined"])),
    }


def _is_met(figures: dict[str, object]) -> bool:
    ours = figures["cpu_us_per_packet"]
    theirs = [figures.get("janus_cpu_us_per_packet"), figures.get("janus_event_loops_cpu_us_per_packet")]
    return ours <= GOAL_US and figures["viewers_per_core"] >= GOAL_VIEWERS and all(ours < us for us in theirs if us)


if __name__ == "__main__":
    main()
