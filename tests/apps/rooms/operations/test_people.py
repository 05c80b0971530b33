from datetime import timedelta

import pytest
from django.utils import timezone

from tests.apps.rooms.conftest import NOON, Scene
from tests.factories.accounts import make_member
from tests.factories.rooms import make_room
from vasistas import realtime
from vasistas.apps.rooms import operations, queries
from vasistas.apps.rooms.models import Ban, Follow, WatchSession
from vasistas.lib.errors import LimitReached, NotAllowed, NotFound
from vasistas.media.port import NodeUnreachable
from vasistas.realtime import events as wire
from vasistas.realtime import testing

pytestmark = pytest.mark.django_db

OFFER, S1, V1, V2 = "v=0\r\n", "1" * 32, "a" * 32, "b" * 32


def test_following_twice_is_once_and_stops() -> None:
    room, vi = make_room(), make_member("Vi")
    operations.follow(room=room, member=vi, at=NOON)
    operations.follow(room=room, member=vi, at=NOON)
    assert (queries.follower_count(room), queries.is_following(vi, room)) == (1, True)
    operations.unfollow(room=room, member=vi)
    operations.unfollow(room=room, member=vi)
    assert queries.follower_count(room) == 0


def test_moderators_are_named_and_removed() -> None:
    room, bo = make_room(), make_member("Bo")
    operations.add_moderator(room=room, member=bo, at=NOON)
    operations.add_moderator(room=room, member=bo, at=NOON)
    assert (queries.role_of(bo, room), [person.name for person in queries.moderators_of(room)]) == ("moderator", ["Bo"])
    operations.remove_moderator(room=room, member=bo)
    assert queries.role_of(bo, room) == "member"


def test_the_host_is_no_moderator() -> None:
    room = make_room()
    with pytest.raises(operations.NotAModerator):
        operations.add_moderator(room=room, member=room.host.member, at=NOON)


def test_moderators_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vasistas.apps.rooms.operations.people.MODERATORS_MAX", 1)
    room = make_room()
    operations.add_moderator(room=room, member=make_member("Bo"), at=NOON)
    with pytest.raises(LimitReached):
        operations.add_moderator(room=room, member=make_member("Vi"), at=NOON)


def test_a_ban_ends_what_the_member_watches_here_and_nothing_else(
    scene: Scene, django_capture_on_commit_callbacks
) -> None:
    room, max_, vi = make_room(), make_member("Max"), make_member("Vi")
    operations.go_live(room=room, session=S1, offer=OFFER, ingest="browser", takeover=False, at=scene.at)
    scene.follow()
    room.refresh_from_db()
    for session, member in ((V1, max_), (V2, vi)):
        operations.watch(room=room, session=session, offer=OFFER, subject_id=member.subject_id, at=scene.at)
    operations.follow(room=room, member=max_, at=scene.at)
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        bus = realtime.bus()
        made_at = timezone.now().timestamp()
        operations.ban(room=room, member=max_, by=room.host.member, reason="spam", at=scene.at)
    is_deaf = [bus.is_revoked(f"room:{room.pk}", f"member:{one.pk}", made_at=made_at) for one in (max_, vi)]
    scene.follow()
    assert {row.session for row in WatchSession.objects.filter(ended_at=None)} == {V2}
    assert told[0] == (f"member:{max_.pk}", wire.MemberBanned(room_id=room.pk))
    assert is_deaf == [True, False]
    assert queries.is_banned(max_, room)
    assert not Follow.objects.exists()


def test_a_ban_holds_while_the_node_is_silent(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    room, max_ = make_room(), make_member("Max")
    WatchSession.objects.create(room=room, session=V1, subject=max_.subject, started_at=scene.at)

    def silent(_session: str) -> None:
        raise NodeUnreachable("The media server does not answer.")

    monkeypatch.setattr(scene.node, "close_session", silent)
    operations.ban(room=room, member=max_, by=room.host.member, at=scene.at)
    assert queries.is_banned(max_, room)


def test_a_ban_ends_by_itself_and_by_hand(scene: Scene) -> None:
    room, max_ = make_room(), make_member("Max")
    operations.ban(room=room, member=max_, by=room.host.member, at=NOON, until=NOON + timedelta(hours=1))
    assert queries.is_banned(max_, room, NOON + timedelta(minutes=59))
    assert not queries.is_banned(max_, room, NOON + timedelta(hours=1))
    operations.unban(room=room, member=max_, by=room.host.member)
    assert not Ban.objects.exists()


def test_who_may_ban_whom(scene: Scene) -> None:
    room, bo, vi, max_ = make_room(), make_member("Bo"), make_member("Vi"), make_member("Max")
    ada = room.host.member
    operations.add_moderator(room=room, member=bo, at=NOON)
    operations.ban(room=room, member=max_, by=bo, at=NOON)
    for by, member in ((bo, ada), (bo, bo), (vi, max_), (ada, ada)):
        with pytest.raises(NotAllowed):
            operations.ban(room=room, member=member, by=by, at=NOON)
    with pytest.raises(NotAllowed):
        operations.unban(room=room, member=max_, by=vi)
    operations.ban(room=room, member=bo, by=ada, at=NOON)
    assert queries.role_of(bo, room) == "member"  # who is banned moderates no more
    with pytest.raises(operations.NotAModerator):
        operations.add_moderator(room=room, member=bo, at=NOON)


def test_a_host_sees_names_and_references_never_members(scene: Scene) -> None:
    room, max_ = make_room(), make_member("Max")
    operations.ban(room=room, member=max_, by=room.host.member, reason="spam", at=NOON)
    (person,) = queries.bans_of(room, NOON)
    assert (person.name, person.reason, person.ref) == ("Max", "spam", queries.ref_for(max_, room))
    assert max_.email not in repr(person)
    assert queries.member_by_ref(room, person.ref) == max_
    with pytest.raises(NotFound):
        queries.member_by_ref(room, "0" * 16)


def test_a_name_is_found_whatever_its_case() -> None:
    bo = make_member("Bo the Mod")
    assert queries.member_by_name(" bo THE mod ") == bo
    with pytest.raises(NotFound):
        queries.member_by_name("nobody")
