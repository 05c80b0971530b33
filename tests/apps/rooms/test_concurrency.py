"""Two at once, on a database that lets two write: PostgreSQL. SQLite has one writer at a time."""

import threading
from collections.abc import Callable

import pytest
from django.db import close_old_connections, connection, connections

from tests.apps.rooms.conftest import Scene
from tests.factories.accounts import make_member
from tests.factories.providers import make_host, make_studio
from tests.factories.rooms import make_room
from vasistas.apps.providers import operations as providers
from vasistas.apps.providers import queries as provider_queries
from vasistas.apps.rooms import operations
from vasistas.apps.rooms.models import Broadcast, WatchSession
from vasistas.guard.purposes import processing
from vasistas.media.port import NodeEvent

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="one writer at a time"),
]

ROUNDS = 10
EVENTS_BEFORE = 20  # so that a follower who kept its locks would hold one when the cut comes


def at_once(*acts: Callable[[], None]) -> list[BaseException]:
    """Run each act in a thread of its own, with nothing stated, all begun together; returns what they raised."""
    gate, raised = threading.Barrier(len(acts)), []

    def run(act: Callable[[], None]) -> None:
        connection.ensure_connection()
        gate.wait()
        try:
            act()
        except BaseException as error:  # noqa: BLE001 — the test judges it
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()
    return raised


def test_one_of_two_uses_an_invitation(scene: Scene) -> None:
    studio = make_studio()
    hosts = [make_host(make_member(name, password=None)) for name in ("Ada", "Mira")]
    token = providers.invite_host(studio=studio, at=scene.at)

    def accept(host) -> Callable[[], None]:
        return processing("provide")(lambda: providers.accept_invitation(host=host, token=token, at=scene.at))

    raised = at_once(*(accept(host) for host in hosts))
    assert [type(error) for error in raised] == [provider_queries.InvitationSpent]
    assert len(provider_queries.hosts_of(studio)) == 1


def test_a_cut_and_the_nodes_events_do_not_stop_each_other(scene: Scene) -> None:
    room = make_room()
    for number in range(ROUNDS):
        host, viewer = f"{number:032x}", f"{number + 1_000:032x}"
        operations.go_live(room=room, session=host, offer="v=0", ingest="browser", takeover=False, at=scene.at)
        scene.follow()
        room.refresh_from_db()
        operations.watch(room=room, session=viewer, offer="v=0", subject_id=None, at=scene.at)
        scene.follow()
        told = [
            NodeEvent(type=kind, at=scene.at.timestamp(), room=str(room.pk), session=session)
            for kind, session in (
                *[("delivered", viewer)] * EVENTS_BEFORE,
                ("publisher.left", host),
                ("viewer.left", viewer),
            )
        ]
        raised = at_once(
            processing("host")(lambda: operations.cut(room=room, at=scene.at)),
            processing("rooms")(lambda told=told: operations.apply_node_events(told, at=scene.at)),
        )
        assert raised == []
        scene.follow()
        room.refresh_from_db()
        assert room.state == "offline"
    assert not Broadcast.objects.filter(ended_at=None).exists()
    assert not WatchSession.objects.filter(ended_at=None).exists()
