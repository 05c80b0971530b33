from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.apps.rooms.conftest import NOON
from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_broadcast, make_room
from vasistas.apps.rooms import operations, queries
from vasistas.apps.rooms.models import Admission, Ban, Room
from vasistas.apps.rooms.queries import RoomFilters
from vasistas.apps.rooms.rules import VISITOR, Viewer
from vasistas.lib.errors import NotAllowed, NotFound

pytestmark = pytest.mark.django_db

ADULT_VISITOR = Viewer(is_age_confirmed=True)


def make_rooms(count: int, **over) -> list[Room]:
    return [
        make_room(make_host(make_member(f"Host {index}", password=None)), **{"tags": ["piano", f"t{index}"], **over})
        for index in range(count)
    ]


def slugs(rooms) -> list[str]:
    return [room.slug for room in rooms]


# -- The one door ------------------------------------------------------------------------------------------------------


def test_everyone_gets_a_room_with_its_host(django_assert_num_queries) -> None:
    make_room()
    with django_assert_num_queries(1):
        assert queries.get_room_for(VISITOR, "ada").host.member.display_name == "Ada"


def test_a_room_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        queries.get_room_for(VISITOR, "nowhere")


@pytest.mark.parametrize("hidden", ["suspended", "closed"])
def test_a_hidden_room_exists_for_host_and_staff_only(hidden: str) -> None:
    room = make_room()
    if hidden == "suspended":
        type(room.host).objects.update(is_suspended=True)
    if hidden == "closed":
        type(room.host.member).objects.update(is_active=False)
    for viewer in (VISITOR, Viewer(make_member("Vi"))):
        with pytest.raises(NotFound) as refused:
            queries.get_room_for(viewer, "ada")
        assert refused.value.code == "rooms.not_found"
    assert queries.get_room_for(Viewer(room.host.member), "ada") == room
    assert queries.get_room_for(Viewer(make_member("Sam", is_staff=True)), "ada") == room


def test_a_closed_room_exists_for_its_host_and_those_admitted_alone() -> None:
    room, vi, bo, sam = (
        make_room(state="private"),
        make_member("Vi"),
        make_member("Bo"),
        make_member("Sam", is_staff=True),
    )
    operations.add_moderator(room=room, member=bo, at=NOON)
    Admission.objects.create(room=room, subject_id=vi.subject_id, role="payer", show=uuid4(), at=NOON)
    for viewer in (VISITOR, Viewer(bo), Viewer(sam)):
        with pytest.raises(queries.InPrivate) as refused:
            queries.get_room_for(viewer, "ada")
        assert (refused.value.code, refused.value.status, refused.value.room_id) == ("rooms.not_found", 404, room.pk)
        assert not queries.can_watch(viewer, room)
    for viewer in (Viewer(vi), Viewer(room.host.member)):
        assert queries.get_room_for(viewer, "ada") == room
        assert queries.can_watch(viewer, room)


def test_the_banned_are_told_until_when() -> None:
    room, max_ = make_room(), make_member("Max")
    until = timezone.now() + timedelta(days=1)
    ban = Ban.objects.create(room=room, member=max_, at=NOON, until=until)
    with pytest.raises(queries.Banned) as refused:
        queries.get_room_for(Viewer(max_), "ada")
    assert (refused.value.code, refused.value.until, refused.value.status) == ("rooms.banned", until, 403)
    ban.until = timezone.now() - timedelta(seconds=1)
    ban.save()
    assert queries.get_room_for(Viewer(max_), "ada") == room


def test_a_ban_without_an_end_says_so() -> None:
    room, max_ = make_room(), make_member("Max")
    Ban.objects.create(room=room, member=max_, at=NOON)
    with pytest.raises(queries.Banned) as refused:
        queries.get_room_for(Viewer(max_), "ada")
    assert refused.value.message == "You are banned from this room until its host lifts the ban."


def test_adult_rooms_need_the_visitors_own_statement() -> None:
    room = make_room(content_class="adult")
    with pytest.raises(queries.AgeUnconfirmed) as refused:
        queries.get_room_for(VISITOR, "ada")
    assert (refused.value.code, refused.value.status) == ("rooms.age_unconfirmed", 403)
    assert queries.get_room_for(ADULT_VISITOR, "ada") == room
    assert queries.get_room_for(Viewer(room.host.member), "ada") == room


def test_can_watch_says_what_the_door_does() -> None:
    room, max_ = make_room(content_class="adult"), make_member("Max")
    assert not queries.can_watch(VISITOR, room)
    assert queries.can_watch(ADULT_VISITOR, room)
    Ban.objects.create(room=room, member=max_, at=NOON)
    assert not queries.can_watch(Viewer(max_, is_age_confirmed=True), room)


def test_a_viewer_is_made_of_user_and_session() -> None:
    vi = make_member("Vi")
    assert Viewer.of(vi, {"age_confirmed": True}) == Viewer(vi, is_age_confirmed=True)
    assert Viewer.of(AnonymousUser(), {"age_confirmed": "yes"}) == VISITOR


def test_the_hosts_door_opens_to_the_host_only() -> None:
    room, bo = make_room(), make_member("Bo")
    operations.add_moderator(room=room, member=bo, at=NOON)
    assert queries.get_own_room(room.host.member, "ada") == room
    with pytest.raises(NotAllowed):
        queries.get_own_room(bo, "ada")
    with pytest.raises(NotFound):
        queries.get_own_room(bo, "nowhere")
    Room.objects.update(state="private")
    with pytest.raises(NotFound):
        queries.get_own_room(bo, "ada")


def test_room_of_host() -> None:
    room = make_room()
    assert queries.room_of_host(room.host.member) == room
    assert queries.room_of_host(make_member("Vi")) is None


# -- Lists -------------------------------------------------------------------------------------------------------------


def names_of(rooms) -> list[tuple]:
    """Touch all that a card shows."""
    return [(room.title, room.host.member.display_name, [tag.name for tag in room.tags.all()]) for room in rooms]


@pytest.mark.parametrize(
    "lists",
    [
        lambda: queries.list_rooms(RoomFilters(q="piano", tag="piano", live=True)),
        queries.featured,
        lambda: queries.next_live(Room(pk=0, category="music")),
        queries.facets,
    ],
)
def test_lists_take_as_many_queries_for_three_rooms_as_for_one(lists, django_assert_num_queries) -> None:
    def shown() -> list:
        found = lists()
        return found if lists is queries.facets else names_of(found)

    make_rooms(1, state="live")
    with CaptureQueriesContext(connection) as one:
        assert shown()
    for name in ("Mira", "Otto"):
        make_room(make_host(make_member(name)), state="live", tags=["piano"])
    with django_assert_num_queries(len(one)):
        assert shown()


def test_followed_rooms_take_the_same_queries(django_assert_num_queries) -> None:
    vi = make_member("Vi")
    for room in make_rooms(3):
        operations.follow(room=room, member=vi, at=NOON)
    with django_assert_num_queries(2):
        assert len(names_of(queries.followed_rooms(Viewer(vi)))) == 3


def test_followed_rooms_on_air_come_first() -> None:
    vi, (first, second) = make_member("Vi"), make_rooms(2)
    for room in (first, second):
        operations.follow(room=room, member=vi, at=NOON)
    Room.objects.filter(pk=second.pk).update(state="live")
    assert queries.followed_rooms(Viewer(vi)) == [second, first]


def test_followed_adult_rooms_wait_for_the_statement_of_age() -> None:
    vi, room = make_member("Vi"), make_room(content_class="adult")
    operations.follow(room=room, member=vi, at=NOON)
    assert queries.followed_rooms(Viewer(vi)) == []
    assert queries.followed_rooms(Viewer(vi, is_age_confirmed=True)) == [room]


SEARCHES = [
    # filters, found
    (RoomFilters(), ["reef", "bach", "chess", "nap"]),
    (RoomFilters(q="BACH"), ["bach"]),  # title
    (RoomFilters(q="mira"), ["reef"]),  # host
    (RoomFilters(q="#fish"), ["reef"]),  # tag
    (RoomFilters(q="100%"), []),
    (RoomFilters(tag="piano"), ["bach"]),
    (RoomFilters(tag="pian"), []),
    (RoomFilters(category="games"), ["chess"]),
    (RoomFilters(language="fr"), ["chess"]),
    (RoomFilters(content_class="mature"), ["chess"]),
    (RoomFilters(content_class="adult"), []),
    (RoomFilters(live=True), ["reef", "bach"]),
    (RoomFilters(sort="newest"), ["nap", "chess", "bach", "reef"]),
]


def make_town() -> None:
    def host(name: str):
        return make_host(make_member(name))

    first = {"created_at": NOON, "state_at": NOON}
    make_room(
        host("Mira"), "live", slug="reef", title="A reef", category="nature", tags=["fish"], viewer_count=9, **first
    )
    second = {"created_at": NOON + timedelta(1), "state_at": NOON}
    make_room(host("Ada"), "away", slug="bach", title="Bach at noon", tags=["piano"], viewer_count=2, **second)
    third = {"created_at": NOON + timedelta(2), "state_at": NOON}
    make_room(
        host("Otto"), slug="chess", title="Échecs", category="games", language="fr", content_class="mature", **third
    )
    make_room(host("Nell"), slug="nap", title="Sleep", state_at=NOON - timedelta(1), created_at=NOON + timedelta(3))
    make_room(host("Xena"), "live", slug="adult", title="Adult", content_class="adult", state_at=NOON, created_at=NOON)


@pytest.mark.parametrize(("filters", "found"), SEARCHES)
def test_the_directory_finds(filters: RoomFilters, found: list[str]) -> None:
    make_town()
    assert slugs(queries.list_rooms(filters)) == found


def test_adult_rooms_are_listed_after_the_statement_only() -> None:
    make_town()
    assert "adult" not in slugs(queries.featured())
    assert "adult" in slugs(queries.featured(ADULT_VISITOR))
    assert slugs(queries.list_rooms(RoomFilters(content_class="adult"), ADULT_VISITOR)) == ["adult"]


def test_next_live_prefers_the_category_and_leaves_out_the_room_itself() -> None:
    make_town()
    make_room(make_host(make_member("Zoe")), "live", slug="zoe", category="music", viewer_count=0)
    bach = Room.objects.get(slug="bach")
    assert slugs(queries.next_live(bach)) == ["zoe", "reef"]
    assert slugs(queries.next_live(bach, 1)) == ["zoe"]


def test_facets_count_what_the_viewer_may_see() -> None:
    make_town()
    counted = {facet.key: (facet.count, facet.live_count) for facet in queries.facets()}
    assert counted == {"music": (2, 1), "nature": (1, 1), "games": (1, 0)}
    assert {facet.key: facet.count for facet in queries.facets(ADULT_VISITOR)}["music"] == 3


def test_a_page_has_a_limit_and_one_beyond_the_end_is_the_last() -> None:
    make_rooms(queries.PAGE_SIZE + 1)
    assert len(queries.list_rooms(RoomFilters()).object_list) == queries.PAGE_SIZE
    beyond = queries.list_rooms(RoomFilters(page=99999))
    assert (beyond.number, len(beyond.object_list)) == (2, 1)


def test_filters_drop_what_no_room_could_match() -> None:
    asked = {
        "q": "  a\0  b " + "x" * 99,
        "category": "'; drop table",
        "class": "adult",
        "language": "fr",
        "tag": "#Piano",
        "live": "1",
        "sort": "random",
        "page": "٣",
    }
    filters = RoomFilters.of(asked)
    assert (filters.category, filters.content_class, filters.language) == ("", "adult", "fr")
    assert (filters.tag, filters.live, filters.sort, filters.page) == ("piano", True, "viewers", 1)
    assert filters.q.startswith("a b ")
    assert len(filters.q) == queries.SEARCH_CHARS_MAX


# -- Pictures and broadcasts -------------------------------------------------------------------------------------------


def make_picture(room: Room, name_end: str = "a" * 32) -> str:
    name = f"{room.pk}-{name_end}.webp"
    default_storage.save(f"thumbnails/{name}", ContentFile(b"picture"))
    Room.objects.filter(pk=room.pk).update(thumbnail=name)
    return name


def test_a_picture_is_shown_while_it_is_the_rooms() -> None:
    room = make_room()
    name = make_picture(room)
    assert queries.get_thumbnail_for(lambda: VISITOR, name).data == b"picture"
    for unknown in (name.replace("a", "b"), f"{10**17}-{'a' * 32}.webp"):
        with pytest.raises(NotFound):
            queries.get_thumbnail_for(lambda: VISITOR, unknown)
    Room.objects.update(thumbnail="")
    with pytest.raises(NotFound):
        queries.get_thumbnail_for(lambda: VISITOR, name)


def test_the_picture_of_an_adult_room_needs_the_statement() -> None:
    name = make_picture(make_room(content_class="adult"))
    with pytest.raises(NotFound):
        queries.get_thumbnail_for(lambda: VISITOR, name)
    assert queries.get_thumbnail_for(lambda: ADULT_VISITOR, name).is_for_all is False


def test_the_picture_of_a_hidden_room_is_shown_to_its_host_alone() -> None:
    room = make_room(state="live")
    name = make_picture(room)
    Room.objects.update(state="private")
    with pytest.raises(NotFound):
        queries.get_thumbnail_for(lambda: ADULT_VISITOR, name)
    assert queries.get_thumbnail_for(lambda: Viewer(room.host.member), name).is_for_all is False


def test_a_missing_file_is_not_found() -> None:
    name = make_picture(make_room())
    default_storage.delete(f"thumbnails/{name}")
    with pytest.raises(NotFound):
        queries.get_thumbnail_for(lambda: VISITOR, name)


def test_history_shows_broadcasts_that_had_a_picture_newest_first() -> None:
    room = make_room()
    make_broadcast(room, started_at=NOON)
    old = make_broadcast(room, started_at=NOON, joined_at=NOON, ended_at=NOON)
    new = make_broadcast(room, started_at=NOON + timedelta(1), joined_at=NOON)
    assert queries.history(room) == [new, old]
    assert queries.open_broadcast(room) == new
