"""What each purpose of the rooms opens and what stays shut; who is read is noted, and who merely watches is not.

The database's gate is real; a test without the mark `nothing_stated` would run under a purpose that allows everything.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.chat import Cast, make_cast, make_message, make_mute
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import operations, queries
from vasistas.apps.rooms.models import Ban, Room
from vasistas.apps.rooms.rules import Viewer
from vasistas.guard.gate import PurposeMissing, PurposeRefused
from vasistas.guard.purposes import processing
from vasistas.guard.reads.models import Entry

pytestmark = pytest.mark.django_db

KEY_CHARS = 43  # of a stream key, after "vk-"


@pytest.fixture(autouse=True)
def enforced(settings: Any) -> None:
    settings.GATE_MODE = "enforce"


@pytest.fixture
def cast() -> Cast:
    """Vi is muted and Max is banned: a desk that shows nobody would prove nothing."""
    cast = make_cast()
    make_message(cast.room, cast.vi, "Good evening")
    make_mute(cast.room, cast.vi, reason="flooding")
    Ban.objects.create(room=cast.room, member=cast.max, by=cast.bo, reason="rude", at=timezone.now())
    return cast


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member)
    Entry.objects.all().delete()  # signing in is not what these tests look at
    return client


def read(purpose: str) -> set[tuple[str, str]]:
    """(name shown, field) of everyone whose reading was noted under a purpose."""
    names = {str(member.subject.audit_id): member.display_name for member in Member.objects.select_related("subject")}
    rows = Entry.objects.filter(purpose=purpose).exclude(subject="")
    return {(names[row.subject], field) for row in rows for field in row.mask.split()}


# -- What is shut ------------------------------------------------------------------------------------------------------

SHUT: dict[str, Callable[[], Any]] = {
    "a member as a whole": lambda: Member.objects.get(display_name="Vi"),
    "a password": lambda: Member.objects.values_list("password").first(),
    "when someone was here": lambda: Member.objects.values_list("last_login").first(),
    "a mail address": lambda: Member.objects.only("subject", "email_sealed", "row_key").get(display_name="Vi").email,
    "a stream key": lambda: Room.objects.values_list("stream_key_hash").first(),
    "a room by its key": lambda: Room.objects.filter(stream_key_hash="0" * 64).exists(),
    "a room as a whole": lambda: Room.objects.get(slug="ada"),
    "what was said": lambda: list(Room.objects.values_list("messages__said_at")),
}


@pytest.mark.parametrize("what", SHUT)
@pytest.mark.nothing_stated
def test_purpose_of_the_rooms_does_not_open(cast: Cast, what: str) -> None:
    with processing("rooms"), pytest.raises(PurposeRefused):
        SHUT[what]()


@pytest.mark.nothing_stated
def test_purpose_of_the_rooms_opens_what_is_shown_of_a_room_and_its_host(cast: Cast) -> None:
    with processing("rooms"):
        room = queries.get_room_for(Viewer(cast.bo), cast.room.slug)
        assert (room.title, room.host.member.display_name) == ("Ada plays the piano", "Ada")
        assert [card.host.member.display_name for card in queries.list_rooms(queries.RoomFilters())] == ["Ada"]


@pytest.mark.nothing_stated
def test_no_room_is_found_without_a_purpose(cast: Cast) -> None:
    with pytest.raises(PurposeMissing):
        queries.get_room_for(Viewer(), cast.room.slug)


@pytest.mark.nothing_stated
def test_a_room_is_found_by_its_key_and_the_key_is_not_loaded(cast: Cast) -> None:
    with processing("host"):
        key = operations.rotate_stream_key(room=cast.room, at=timezone.now())
    with processing("rooms"):
        room = queries.room_by_stream_key(key)
        assert room is not None
        assert "stream_key_hash" in room.get_deferred_fields()
        assert queries.room_by_stream_key("vk-" + "x" * KEY_CHARS) is None


# -- What is written down ----------------------------------------------------------------------------------------------

PAGES = ["pages:home", "pages:directory", "pages:lobby", "pages:my_account"]
PAGES_OF_A_ROOM = ["pages:watch", "pages:snapshot", "chat:history"]


@pytest.mark.parametrize("name", [*PAGES, *PAGES_OF_A_ROOM])
def test_a_page_of_a_viewer_leaves_no_trace_in_the_read_log(cast: Cast, name: str) -> None:
    client = signed_in(cast.vi)
    address = reverse(name, args=[cast.room.slug] if name in PAGES_OF_A_ROOM else [])

    assert client.get(address).status_code == 200

    assert Entry.objects.count() == 0


@pytest.mark.parametrize("who", ["ada", "bo"])
def test_the_desk_of_a_room_notes_whom_it_shows_as_kept_out(cast: Cast, who: str) -> None:
    page = signed_in(getattr(cast, who)).get(reverse("pages:watch", args=[cast.room.slug])).text

    assert "flooding" in page
    assert "rude" in page
    noted = read("moderate")
    assert {("Vi", "chat.Mute.reason"), ("Max", "rooms.Ban.reason")} <= noted
    assert {name for name, _field in noted} == {"Vi", "Max"}


def test_the_desk_of_a_room_is_read_only_where_it_is_shown(cast: Cast) -> None:
    client = signed_in(cast.ada)

    assert client.get(reverse("pages:snapshot", args=[cast.room.slug])).status_code == 200

    assert read("moderate") == set()


def test_the_studio_notes_whom_it_shows_as_banned(cast: Cast) -> None:
    assert "Max" in signed_in(cast.ada).get(reverse("pages:studio")).text

    assert {name for name, _field in read("moderate")} == {"Max"}


def test_muting_someone_notes_whose_message_was_looked_at(cast: Cast) -> None:
    message = make_message(cast.room, cast.sam, "Hello")
    client = signed_in(cast.ada)

    client.post(reverse("chat:clear", args=[cast.room.slug]), {"message": message.pk, "reason": "spam"})

    assert {name for name, _field in read("moderate")} == {"Sam"}


def test_who_tries_a_door_of_another_host_reads_nothing_of_theirs(cast: Cast) -> None:
    client = signed_in(cast.vi)

    assert client.post(reverse("rooms:cut", args=[cast.room.slug])).status_code == 403

    assert Entry.objects.count() == 0


def test_no_stranger_learns_who_else_is_kept_out(cast: Cast) -> None:
    """Counterexample of the desk: the same page without the tools names nobody who is muted or banned."""
    page = signed_in(make_member("Stu", password=None)).get(reverse("pages:watch", args=[cast.room.slug])).text

    assert "flooding" not in page
    assert "rude" not in page
    assert settings.SITE_NAME in page
