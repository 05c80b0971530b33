import pytest

from tests.apps.rooms.conftest import NOON
from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from vasistas.apps.providers import queries as providers
from vasistas.apps.providers.operations import TermsNotAgreed
from vasistas.apps.rooms import operations, queries
from vasistas.apps.rooms.models import Room
from vasistas.realtime import events as wire
from vasistas.realtime import testing

pytestmark = pytest.mark.django_db

DETAILS = operations.RoomDetails(title="Bach at noon", category="music", tags=["bach", "piano"])


def test_opening_a_room_makes_a_host_and_a_room() -> None:
    ada = make_member("Ada")
    operations.open_room(member=ada, slug="ada", details=DETAILS, agreed=True, at=NOON)
    room = queries.room_of_host(ada)
    assert (room.slug, room.title, room.state, room.host.agreed_at) == ("ada", "Bach at noon", "offline", NOON)
    assert sorted(tag.name for tag in room.tags.all()) == ["bach", "piano"]


def test_without_agreement_there_is_neither_host_nor_room() -> None:
    ada = make_member("Ada")
    with pytest.raises(TermsNotAgreed):
        operations.open_room(member=ada, slug="ada", details=DETAILS, agreed=False, at=NOON)
    assert providers.host_of(ada) is None
    assert not Room.objects.exists()


def test_a_taken_address_makes_no_host() -> None:
    make_room(slug="piano")
    mira = make_member("Mira")
    with pytest.raises(operations.SlugTaken) as refused:
        operations.open_room(member=mira, slug="piano", details=DETAILS, agreed=True, at=NOON)
    assert set(refused.value.fields) == {"slug"}
    assert providers.host_of(mira) is None


def test_a_host_has_one_room() -> None:
    room = make_room()
    with pytest.raises(operations.RoomOwnedAlready):
        operations.create_room(host=room.host, slug="second", details=DETAILS, at=NOON)


def test_a_change_is_told_and_tags_are_replaced(django_capture_on_commit_callbacks) -> None:
    room = make_room(tags=["old"])
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        operations.change_room(room=room, details=DETAILS)
    room.refresh_from_db()
    assert (room.title, sorted(tag.name for tag in room.tags.all())) == ("Bach at noon", ["bach", "piano"])
    assert (f"room:{room.pk}", wire.RoomDetailsChanged(room_id=room.pk, title="Bach at noon")) in told


def test_the_class_of_a_room_on_air_stays() -> None:
    room = make_room(state="live")
    adult = operations.RoomDetails(title="Bach", category="music", content_class="adult")
    with pytest.raises(operations.ClassFixedOnAir):
        operations.change_room(room=room, details=adult)
    room.refresh_from_db()
    assert room.content_class == "general"


def test_a_stream_key_opens_its_room_until_the_next_one() -> None:
    room = make_room()
    other = make_room(make_host(make_member("Mira")))
    first = operations.rotate_stream_key(room=room, at=NOON)
    theirs = operations.rotate_stream_key(room=other, at=NOON)
    assert queries.room_by_stream_key(first) == room
    assert queries.room_by_stream_key(theirs) == other
    second = operations.rotate_stream_key(room=room, at=NOON)
    assert queries.room_by_stream_key(first) is None
    assert queries.room_by_stream_key(second) == room
    room.refresh_from_db()
    assert (room.stream_key_hint, room.stream_key_at) == (second[-4:], NOON)
    assert second not in str(Room.objects.filter(pk=room.pk).values())  # only its hash is stored


@pytest.mark.parametrize("key", ["", " ", "vk-", "x" * 4000])
def test_a_forged_key_opens_no_room_without_a_key(key: str) -> None:
    make_room()
    assert queries.room_by_stream_key(key) is None


@pytest.mark.parametrize(
    ("over", "lobbies"),
    [({}, ["lobby"]), ({"content_class": "adult"}, ["lobby:adult"]), ({"state": "private"}, [])],
)
def test_a_change_is_told_in_the_lobby_to_those_who_may_know(
    over: dict[str, str], lobbies: list[str], django_capture_on_commit_callbacks
) -> None:
    room = make_room(**over)
    details = operations.RoomDetails(title="Bach", category="music", content_class=room.content_class)
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        operations.change_room(room=room, details=details)
    assert [channel for channel, _ in told if channel.startswith("lobby")] == lobbies
