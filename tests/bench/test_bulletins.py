"""A worker is killed in the middle of a campaign, over a real SMTP server: nobody twice, nobody left out unseen."""

import json
import os
import signal
from collections import Counter
from pathlib import Path

from bench import bulletins

READERS = 60
KILL_AFTER = 20  # messages
RESTARTS_MAX = 3


def test_a_killed_worker_sends_nothing_twice_and_leaves_nobody_out(tmp_path: Path) -> None:
    with bulletins.Sink() as sink:
        site = bulletins.Site(tmp_path, "sqlite:", sink.port)
        site.run("fill", READERS)
        site.run("begin", 0)
        sink.wait_for = KILL_AFTER
        worker = site.worker()
        bulletins.go(worker)
        assert sink.reached.wait(60)
        os.kill(worker.pid, signal.SIGKILL)
        worker.communicate()
        before = json.loads(site.run("states"))

        site.run("later", 61)

        got = Counter(address for _at, address in sink.taken)
        after = json.loads(site.run("states"))
    assert before.get("leased", 0) > 0
    assert set(got.values()) == {1}
    assert set(after) <= {"handed", "unclear"}
    assert after.get("unclear", 0) == before.get("handing", 0) <= 1
    assert sum(after.values()) == READERS
    assert after["handed"] <= len(got) <= after["handed"] + after.get("unclear", 0)
