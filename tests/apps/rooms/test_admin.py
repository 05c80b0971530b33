"""Windows of the staff desk: they show, they do not change, and they hold no key."""

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.rooms import make_room
from vasistas.apps.providers.models import Host
from vasistas.apps.rooms.models import Ban, Broadcast, Room
from vasistas.guard.reads.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam() -> Client:
    member = make_member("Sam", password=None, is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(member)
    return client


def test_staff_see_rooms_and_broadcasts_and_change_none(sam: Client) -> None:
    room = make_room(state="live", stream_key_hash="f" * 64)
    broadcast = Broadcast.objects.get()
    for name in ("room", "broadcast", "moderator", "ban"):
        assert sam.get(f"/admin/rooms/{name}/").status_code == 200
        assert sam.get(f"/admin/rooms/{name}/add/").status_code == 403
    page = sam.get(f"/admin/rooms/room/{room.pk}/change/").text
    assert "Ada plays the piano" in page
    assert "f" * 64 not in page
    assert broadcast.session not in sam.get(f"/admin/rooms/broadcast/{broadcast.pk}/change/").text
    assert sam.post(f"/admin/rooms/room/{room.pk}/change/", {"title": "x"}).status_code == 403
    assert Room.objects.get().title == "Ada plays the piano"


def test_staff_suspend_a_host(sam: Client) -> None:
    host = make_room().host
    assert sam.get("/admin/providers/host/").status_code == 200
    assert sam.get("/admin/providers/studio/").status_code == 200
    assert sam.post(f"/admin/providers/host/{host.pk}/change/", {"is_suspended": "on"}).status_code == 302
    assert Host.objects.get().is_suspended
    assert sam.get("/admin/providers/host/add/").status_code == 403


def test_staff_read_why_someone_is_banned_and_that_is_noted(sam: Client) -> None:
    room, vi = make_room(), make_member("Vi", password=None)
    ban = Ban.objects.create(room=room, member=vi, by=room.host.member, reason="flooding", at=timezone.now())
    Entry.objects.all().delete()

    assert "flooding" not in sam.get("/admin/rooms/ban/").text  # a list opens nothing that is sealed
    assert "flooding" in sam.get(f"/admin/rooms/ban/{ban.pk}/change/").text

    noted = Entry.objects.filter(purpose="staff", actor_kind="staff", subject=str(vi.subject.audit_id))
    assert [("rooms.Ban.reason" in entry.mask.split()) for entry in noted.order_by("pk")] == [False, True]
