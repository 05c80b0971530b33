"""What supervisors and load balancers are told."""

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from vasistas import media
from vasistas.gateway import server as gateway
from vasistas.media.fake import FakeMedia
from vasistas.media.port import NodeUnreachable


class DeadNode(FakeMedia):
    def node_stats(self):
        raise NodeUnreachable("The node does not answer.")


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch):
    """Choose the media node of this test."""
    return lambda chosen: monkeypatch.setattr(media, "get_port", lambda: chosen)


@pytest.fixture
def hall(monkeypatch: pytest.MonkeyPatch):
    """Choose how the gateway says it does: seconds its loop is late, or None for no gateway."""

    def choose(late_s: float | None):
        health = None if late_s is None else gateway.Health(0, 0, late_s, 0, 0, 0)
        monkeypatch.setattr(gateway, "health", lambda: health)

    return choose


def test_livez_asks_nobody(client: Client):
    answer = client.get("/livez")

    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_readyz_when_all_is_well(client: Client, node, hall):
    node(FakeMedia())
    hall(0.1)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "media": "ok", "gateway": "ok"})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("late_s", [None, gateway.TICKS_LATE_MAX])
def test_readyz_tells_of_node_and_gateway_but_pages_can_be_served(client: Client, node, hall, late_s):
    node(DeadNode())
    hall(late_s)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "media": "down", "gateway": "down"})


def test_readyz_without_database_refuses(client: Client, node, hall, monkeypatch: pytest.MonkeyPatch):
    def no_cursor():
        raise DatabaseError

    node(FakeMedia())
    hall(0)
    monkeypatch.setattr(connection, "cursor", no_cursor)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["database"]) == (503, "down")
