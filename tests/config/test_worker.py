"""The sweeps run one after the other, each whatever becomes of the others, until they are told to stop."""

import datetime as dt
import logging
import threading
from typing import Any

import pytest

from vasistas.config import worker
from vasistas.guard import purposes
from vasistas.guard.conformance import queries, registry
from vasistas.guard.conformance.registry import Check, Finding
from vasistas.guard.conformance.report import Planted

CHECK = Check("data.columns_are_declared", "schema", {}, lambda _now: Finding(ok=True, counted=1))
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def test_sweep_that_fails_is_logged_and_stops_no_other(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "close_old_connections", lambda: None)  # this test has none
    stop, swept = threading.Event(), []

    def broken(_at: dt.datetime) -> int:
        raise RuntimeError("the database is away")

    def sound(at: dt.datetime) -> int:
        frame = purposes.current()
        assert frame is not None
        swept.append((at, frame.purpose.key))
        stop.set()
        return 3

    with caplog.at_level(logging.ERROR):
        worker.sweep_hourly({"broken": broken, "sound": sound}, stop=stop, clock=lambda: NOW)

    assert swept == [(NOW, "retention")]
    assert [record.getMessage() for record in caplog.records] == ["worker.sweep_failed sweep=broken"]


def test_every_app_with_a_retention_of_its_own_is_swept() -> None:
    assert set(worker.SWEEPS) == {
        worker.BY_RULE,
        "accounts",
        "contacts",
        "sessions",
        "reads",
        "requests.due",
        "sms",
        "support",
    }


class Waits(threading.Event):
    """An event whose waits take no time; set after so many of them."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.waited = most, list[float | None]()

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        return len(self.waited) > self.most


def test_a_job_runs_soon_and_again_whatever_became_of_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "close_old_connections", lambda: None)
    stop, ran = Waits(3), []

    def job(at: dt.datetime) -> None:
        ran.append(at)
        if len(ran) == 2:
            raise RuntimeError("the read log cannot be written")

    with caplog.at_level(logging.ERROR):
        worker.repeat(worker.Job(job, 3600, 5), stop=stop, clock=lambda: NOW)

    assert ran == [NOW] * 3
    assert stop.waited == [5, 3600, 3600, 3600]
    assert [record.getMessage() for record in caplog.records] == ["worker.job_failed job=job"]


@pytest.mark.django_db
def test_the_worker_proves_the_policy_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    red = {"data.columns_are_declared": Planted(is_red=True, at=NOW)}
    monkeypatch.setattr(worker.scratch, "run_counterexamples", lambda _command, _at: red)
    monkeypatch.setattr(registry, "_checks", {"data.columns_are_declared": CHECK})

    pauses: list[float] = []
    monkeypatch.setattr(worker.time, "sleep", pauses.append)

    worker.run_checks(NOW)
    worker.run_counterexamples(NOW)

    seen, planted = queries.latest()
    assert (seen["data.columns_are_declared"].at, planted) == (NOW, red)
    assert pauses == [worker.BREATH_S]


def test_checks_and_counterexamples_are_loops_of_the_worker(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.PROVE_AFTER_S = 600
    first_s = {}
    monkeypatch.setattr(worker, "repeat", lambda job, **_times: first_s.update({job.run.__name__: job.first_s}))
    monkeypatch.setattr(worker, "sweep_hourly", lambda *_job, **_times: None)
    monkeypatch.setattr(worker.tasks, "follow_media", lambda **_port: None)

    threads = worker.start(threading.Event())
    for thread in threads:
        thread.join()
    assert {"checks", "counterexamples", "drills"} <= {thread.name for thread in threads}
    assert first_s["run_checks"] == 600
    assert first_s["run_counterexamples"] > 600
