import threading
from datetime import timedelta

from tests.factories.chat import NOW, Cast, make_message
from vasistas.apps.chat import operations, tasks
from vasistas.apps.chat.models import Message


def test_sweep_daily_sweeps_until_it_is_stopped(cast: Cast, monkeypatch) -> None:
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)  # the test's transaction lives on this connection
    make_message(cast.room, cast.vi, said_at=NOW - timedelta(days=31))
    stop = threading.Event()

    def clock():
        stop.set()
        return NOW

    tasks.sweep_daily(stop=stop, clock=clock, every_s=0)

    assert not Message.objects.exists()


def test_sweep_daily_outlives_a_failure(db, monkeypatch) -> None:
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)
    stop, calls = threading.Event(), []

    def clock():
        calls.append(1)
        if len(calls) == 1:
            raise OSError("the database is away")
        stop.set()
        return NOW

    tasks.sweep_daily(stop=stop, clock=clock, every_s=0)

    assert len(calls) == 2
    assert operations.sweep(NOW) == 0
