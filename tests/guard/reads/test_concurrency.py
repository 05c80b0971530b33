"""Two sealers and many writers at once, on a database that lets them: PostgreSQL. SQLite has one writer at a time."""

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.guard.reads.log import plant
from vasistas.guard.purposes import processing
from vasistas.guard.reads import entries, operations
from vasistas.guard.reads.models import Batch, Entry
from vasistas.guard.reads.verify import verify

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="one writer at a time"),
]

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
ROUNDS = 10


def at_once(*acts: Callable[[], object]) -> list[BaseException]:
    """Run each act in a thread of its own, all begun together; returns what they raised."""
    gate, raised = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        with processing("test"):
            connection.ensure_connection()
            gate.wait()
            try:
                act()
            except BaseException as error:  # noqa: BLE001 — the test judges it
                raised.append(error)
            finally:
                connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_two_sealers_leave_no_gap_and_seal_nothing_twice(monkeypatch):
    monkeypatch.setattr(operations, "LEAVES_MAX", 7)
    for _round in range(ROUNDS):
        plant(30, at=NOW)
        assert at_once(*[lambda: operations.seal_pending(at=NOW)] * 3) == []

    assert list(Batch.objects.order_by("seq").values_list("seq", flat=True)) == list(
        range(1, Batch.objects.count() + 1)
    )
    assert sum(Batch.objects.values_list("count", flat=True)) == 30 * ROUNDS
    found = verify(at=NOW)
    assert (found.faults, found.entries, found.waiting) == ([], 30 * ROUNDS, 0)


def test_writers_go_on_while_it_is_sealed(monkeypatch):
    monkeypatch.setattr(operations, "LEAVES_MAX", 7)

    def write() -> None:
        for _time in range(20):
            plant_one()

    def seal() -> None:
        for _time in range(20):
            operations.seal_pending(at=timezone.now())

    assert at_once(write, write, seal, seal) == []

    operations.seal_pending(at=timezone.now())
    found = verify(at=timezone.now())
    assert (found.faults, found.entries, found.waiting) == ([], 40, 0)


def plant_one() -> None:

    entries.write(
        [entries.Draft("staff", "", "staff", "sam", "vi", "accounts.Member.display_name", 1)], at=timezone.now()
    )


def test_entry_that_commits_after_later_ones_were_sealed_is_sealed_in_its_turn():
    held, go = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            plant_one()
            held.set()
            go.wait(10)

    def quick() -> None:
        held.wait(10)
        plant_one()
        operations.seal_pending(at=NOW)
        go.set()

    assert at_once(slow, quick) == []
    operations.seal_pending(at=NOW)

    early, late = Entry.objects.order_by("pk").values_list("batch", flat=True)
    assert (early, late) == (2, 1)
    assert verify(at=NOW).faults == []
