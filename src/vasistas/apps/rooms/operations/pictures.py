"""Thumbnails: one small picture per room on air, replaced every few seconds, removed with the broadcast."""

import secrets
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.rooms import images, rules
from vasistas.apps.rooms.events import ThumbnailChanged
from vasistas.apps.rooms.models import Room, State
from vasistas.guard import subjects
from vasistas.lib import events
from vasistas.lib.errors import DomainError, LimitReached

THUMBNAIL_EVERY = timedelta(seconds=3)
FOLDER = "thumbnails"
NAME_BYTES = 16


class NotOnAir(DomainError):  # noqa: N818 — refusals read as facts
    status = 409
    code = "rooms.not_on_air"


def save_thumbnail(*, room: Room, data: bytes, at: datetime) -> str:
    """Store what the host's browser sees of its own camera, re-encoded; the former picture is removed. Returns its URL.

    Raises: NotOnAir; LimitReached: one per THUMBNAIL_EVERY; PictureRefused, PictureTooLarge; SubjectGone.
    Publishes: ThumbnailChanged.
    """
    _check(room, at)
    encoded = images.encode_thumbnail(data)
    name = default_storage.save(path_of(f"{room.pk}-{secrets.token_hex(NAME_BYTES)}.webp"), ContentFile(encoded))
    try:
        with transaction.atomic():
            locked = Room.objects.with_host().select_for_update(no_key=True, of=("self",)).get(pk=room.pk)
            subjects.hold(locked.host.member.subject_id)
            _check(locked, at)
            former, locked.thumbnail, locked.thumbnail_at = locked.thumbnail, name.rpartition("/")[2], at
            locked.save(update_fields=["thumbnail", "thumbnail_at"])
            _tell(locked)
            _remove_after_commit(former)
    except BaseException:
        default_storage.delete(name)
        raise
    return locked.thumbnail_url or ""


def clear_thumbnail(*, room: Room) -> None:
    """Remove the picture of a room. Publishes: ThumbnailChanged."""
    if not room.thumbnail:
        return
    with transaction.atomic():
        former, room.thumbnail, room.thumbnail_at = room.thumbnail, "", None
        Room.objects.filter(pk=room.pk).update(thumbnail="", thumbnail_at=None)
        _tell(room)
        _remove_after_commit(former)


def path_of(name: str) -> str:
    return f"{FOLDER}/{name}"


def _check(room: Room, at: datetime) -> None:
    if room.state not in {State.STARTING, State.LIVE, State.AWAY}:
        raise NotOnAir(_("This room is not on air."))
    if room.thumbnail_at and at - room.thumbnail_at < THUMBNAIL_EVERY:
        raise LimitReached(_("One picture every few seconds is enough."), retry_after_s=THUMBNAIL_EVERY.seconds)


def _tell(room: Room) -> None:
    events.publish(ThumbnailChanged(room_id=room.pk, url=room.thumbnail_url or "", lobby=rules.lobby_knowing(room)))


def _remove_after_commit(name: str) -> None:
    if name:
        transaction.on_commit(lambda: default_storage.delete(path_of(name)), robust=True)
