"""The sweeps run one after the other, each whatever becomes of the others, until they are told to stop."""

import datetime as dt
import logging
import threading

import pytest

from vasistas.config import worker
from vasistas.guard import purposes

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
    assert set(worker.SWEEPS) == {"chat", "rooms", "accounts", "sessions", "reads"}
