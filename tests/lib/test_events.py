"""Facts reach the reactions that are wired, in the transaction or after it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction

from vasistas.config import wiring
from vasistas.lib import events


@dataclass(frozen=True)
class RoomOpened:
    room_id: int


@pytest.fixture(autouse=True)
def own_wiring() -> Iterator[None]:
    yield
    wiring.connect()


@pytest.fixture
def told() -> list[str]:
    seen: list[str] = []
    events.wire(
        in_transaction={RoomOpened: [lambda event: seen.append(f"within {event.room_id}")]},
        after_commit={RoomOpened: [lambda event: seen.append(f"after {event.room_id}")]},
    )
    return seen


@pytest.mark.django_db(transaction=True)
def test_reactions_run_within_and_after_the_transaction(told):
    with transaction.atomic():
        events.publish(RoomOpened(7))
        assert told == ["within 7"]

    assert told == ["within 7", "after 7"]


@pytest.mark.django_db(transaction=True)
def test_nothing_runs_after_a_write_that_was_undone(told):
    with transaction.atomic():
        events.publish(RoomOpened(7))
        transaction.set_rollback(True)

    assert told == ["within 7"]


@pytest.mark.django_db(transaction=True)
def test_a_reaction_within_that_fails_undoes_the_write():
    def fail(event: RoomOpened) -> None:
        raise RuntimeError("no row for you")

    events.wire(in_transaction={RoomOpened: [fail]}, after_commit={})

    with pytest.raises(RuntimeError, match="no row"), transaction.atomic():
        events.publish(RoomOpened(7))


@pytest.mark.django_db(transaction=True)
def test_a_reaction_after_that_fails_stops_no_other(caplog):
    seen = []

    def fail(event: RoomOpened) -> None:
        raise RuntimeError("no socket")

    events.wire(in_transaction={}, after_commit={RoomOpened: [fail, seen.append]})

    with transaction.atomic():
        events.publish(RoomOpened(7))

    assert seen == [RoomOpened(7)]
    assert [record.name for record in caplog.records] == ["django.db.backends.base"]


def test_an_event_nobody_waits_for_is_fine(told):
    events.publish("nobody listens")

    assert told == []


def test_wiring_replaces_what_was_wired(told):
    events.wire(in_transaction={}, after_commit={})
    events.publish(RoomOpened(7))

    assert told == []
