import io
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from tests.apps.rooms.conftest import NOON
from tests.factories.rooms import make_room
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.rooms import images, operations
from vasistas.guard.subjects import SubjectGone
from vasistas.lib.errors import LimitReached
from vasistas.realtime import events as wire
from vasistas.realtime import testing

pytestmark = pytest.mark.django_db


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 360), (1, 99, 180)).save(out, "JPEG")
    return out.getvalue()


def stored() -> list[str]:
    return default_storage.listdir("thumbnails")[1] if default_storage.exists("thumbnails") else []


def test_a_picture_is_stored_and_the_former_removed(django_capture_on_commit_callbacks) -> None:
    room = make_room(state="live")
    first = operations.save_thumbnail(room=room, data=picture(), at=NOON)
    room.refresh_from_db()
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        second = operations.save_thumbnail(room=room, data=picture(), at=NOON + timedelta(seconds=3))
    room.refresh_from_db()
    assert first != second == room.thumbnail_url
    assert stored() == [room.thumbnail]
    changed = wire.ThumbnailChanged(room_id=room.pk, url=second)
    assert told == [(f"room:{room.pk}", changed), ("lobby", changed)]


def test_the_picture_of_an_adult_room_is_told_to_those_who_stated_their_age(django_capture_on_commit_callbacks) -> None:
    room = make_room(state="live", content_class="adult")
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        operations.save_thumbnail(room=room, data=picture(), at=NOON)
    assert [channel for channel, _ in told] == [f"room:{room.pk}", "lobby:adult"]


def test_one_picture_every_three_seconds(django_capture_on_commit_callbacks) -> None:
    room = make_room(state="live", thumbnail_at=NOON)
    with pytest.raises(LimitReached) as refused:
        operations.save_thumbnail(room=room, data=picture(), at=NOON + timedelta(seconds=2.9))
    assert refused.value.retry_after_s == 3
    assert stored() == []


def test_a_room_that_is_off_shows_no_picture() -> None:
    with pytest.raises(operations.NotOnAir):
        operations.save_thumbnail(room=make_room(), data=picture(), at=NOON)
    assert stored() == []


def test_what_is_no_picture_leaves_nothing() -> None:
    room = make_room(state="live")
    with pytest.raises(images.PictureRefused):
        operations.save_thumbnail(room=room, data=b"hello", at=NOON)
    room.refresh_from_db()
    assert (room.thumbnail, stored()) == ("", [])


def test_a_picture_that_comes_after_the_cut_leaves_no_file() -> None:
    room = make_room(state="live")
    stale = type(room).objects.get()
    operations.end_broadcast(room=room, reason="cut", at=NOON)
    with pytest.raises(operations.NotOnAir):
        operations.save_thumbnail(room=stale, data=picture(), at=NOON)
    assert stored() == []


def test_the_end_of_a_broadcast_removes_its_picture(django_capture_on_commit_callbacks) -> None:
    room = make_room(state="live")
    operations.save_thumbnail(room=room, data=picture(), at=NOON)
    with testing.captured() as told, django_capture_on_commit_callbacks(execute=True):
        operations.end_broadcast(room=room, reason="ended", at=NOON)
    room.refresh_from_db()
    assert (room.thumbnail_url, stored()) == (None, [])
    assert (f"room:{room.pk}", wire.ThumbnailChanged(room_id=room.pk, url="")) in told


def test_an_upload_behind_the_fence_is_refused_and_leaves_no_file() -> None:
    room = make_room(state="live")
    privacy.ask_erasure(subject_id=room.host.member.subject_id, at=NOON)
    with pytest.raises(SubjectGone):
        operations.save_thumbnail(room=room, data=picture(), at=NOON)
    assert stored() == []
