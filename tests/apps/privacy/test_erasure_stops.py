"""Before anything of a person goes, what runs for them ends; and two erasures at once are one."""

import threading

import pytest
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import PASSWORD, make_member
from tests.factories.chat import make_message
from tests.factories.rooms import make_room
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import Erasure, Subject
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Room
from vasistas.guard import keyring
from vasistas.guard.subjects import SubjectGone
from vasistas.media.fake import FakeMedia
from vasistas.media.port import NodeUnreachable

OFFER = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"
SESSION = "a" * 32


def _browser_of(member: Member) -> str:
    """Sign in by a browser of its own; return the key of the session."""
    client = Client()
    client.post("/accounts/login/", {"login": f"{member.display_name.lower()}@example.org", "password": PASSWORD})
    assert client.get("/account/").status_code == 200
    return str(client.session.session_key)


def on_air(node: FakeMedia) -> Room:
    room = make_room()
    now = timezone.now()
    rooms.go_live(room=room, session=SESSION, offer=OFFER, ingest="browser", takeover=False, at=now)
    rooms.mark_live(session=SESSION, joined_at=now, at=now)
    return room


@pytest.mark.django_db
def test_a_host_behind_the_fence_does_not_go_on_air(node: FakeMedia) -> None:
    room = make_room()
    operations.ask_erasure(subject_id=room.host.member.subject_id, at=timezone.now())
    with pytest.raises(SubjectGone):
        rooms.go_live(room=room, session=SESSION, offer=OFFER, ingest="browser", takeover=False, at=timezone.now())
    assert node.node_stats().publishers == 0


@pytest.mark.django_db
def test_a_host_on_air_is_cut(node: FakeMedia) -> None:
    room = on_air(node)
    operations.erase(subject_id=room.host.member.subject_id, at=timezone.now())
    assert not Room.objects.filter(pk=room.pk).exists()
    assert node.node_stats().publishers == 0


@pytest.mark.django_db
def test_where_the_node_is_away_the_keys_go_and_the_rows_wait(node: FakeMedia, monkeypatch) -> None:
    room = on_air(node)
    subject = room.host.member.subject

    def away(_room: str) -> None:
        raise NodeUnreachable("The node is away.")

    with monkeypatch.context() as patch:
        patch.setattr(node, "close_room", away)
        with pytest.raises(operations.StillRunning):
            operations.erase(subject_id=subject.pk, at=timezone.now())
    keyring.forget_cached()
    with pytest.raises(keyring.KeyDestroyed):
        keyring.data_key(subject.key_handle, "identity")
    assert operations.rows_of(subject.pk)["rooms.Room"] == 1

    assert operations.finish_erasures(at=timezone.now()) == 1
    assert operations.rows_of(subject.pk) == {}


@pytest.mark.django_db
def test_sessions_on_other_devices_end() -> None:
    vi, max_ = make_member("Vi"), make_member("Max")
    others, mine = {_browser_of(max_)}, {_browser_of(vi), _browser_of(vi)}
    operations.erase(subject_id=vi.subject_id, at=timezone.now())
    left = set(Session.objects.values_list("session_key", flat=True))
    assert left & (mine | others) == others


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connections['default'].vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_two_erasures_at_once_are_one() -> None:
    vi, room, failed = make_member("Vi"), make_room(), list[BaseException]()
    for number in range(20):
        make_message(room, vi, f"line {number}")
    start = threading.Barrier(2)

    def run() -> None:
        try:
            start.wait(timeout=30)
            operations.erase(subject_id=vi.subject_id, at=timezone.now())
        except BaseException as error:  # noqa: BLE001 — the test judges it
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    operations.finish_erasures(at=timezone.now())

    assert failed == []
    assert operations.rows_of(vi.subject_id) == {}
    assert Subject.objects.get(pk=vi.subject_id).state == Subject.State.ERASED
    assert sum(one.rows.get("chat.Message", 0) for one in Erasure.objects.all()) == 20
