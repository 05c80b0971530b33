"""The host's desk: open a room, change what it says, make its stream key."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.providers import operations as providers
from vasistas.apps.providers.models import Host
from vasistas.apps.rooms import queries, rules
from vasistas.apps.rooms.events import DetailsChanged, RoomCreated
from vasistas.apps.rooms.models import (
    STREAM_KEY_HINT_CHARS,
    TAGS_MAX,
    Broadcast,
    ContentClass,
    Language,
    Room,
    State,
    Tag,
)
from vasistas.apps.rooms.operations import broadcasts
from vasistas.lib import events
from vasistas.lib.errors import DomainError

STREAM_KEY_BYTES = 32


class SlugTaken(DomainError):  # noqa: N818 — refusals read as facts
    status = 409
    code = "rooms.slug_taken"


class RoomOwnedAlready(DomainError):  # noqa: N818 — see above
    status = 409
    code = "rooms.owned_already"


class ClassFixedOnAir(DomainError):  # noqa: N818 — see above
    """Those who watch were let in under the old class."""

    status = 409
    code = "rooms.class_fixed_on_air"


@dataclass(frozen=True)
class RoomDetails:
    """What a host says about a room. tags: normalised (`forms.clean_tags`), at most TAGS_MAX."""

    title: str
    category: str
    language: str = Language.ENGLISH
    content_class: str = ContentClass.GENERAL
    tags: Sequence[str] = ()


def create_room(*, host: Host, slug: str, details: RoomDetails, at: datetime) -> Room:
    """Open the one room of a host.

    Raises: SlugTaken, RoomOwnedAlready. Publishes: RoomCreated.
    """
    if Room.objects.filter(host=host).exists():
        raise RoomOwnedAlready(_("You have a room already."))
    try:
        with transaction.atomic():
            room = Room.objects.create(
                host=host,
                slug=slug,
                title=details.title,
                category=details.category,
                language=details.language,
                content_class=details.content_class,
                state_at=at,
                created_at=at,
            )
            _set_tags(room, details.tags)
            events.publish(RoomCreated(room_id=room.pk))
    except IntegrityError:
        taken = _("This address is taken. Choose another.")
        raise SlugTaken(taken, fields={"slug": taken}) from None
    return room


def open_room(*, member: Member, slug: str, details: RoomDetails, agreed: bool, at: datetime) -> Room:
    """Make the member a host and open their room; neither without the other.

    Raises: TermsNotAgreed, SlugTaken, RoomOwnedAlready.
    """
    with transaction.atomic():
        host = providers.become_host(member=member, at=at, agreed=agreed)
        return create_room(host=host, slug=slug, details=details, at=at)


def change_room(*, room: Room, details: RoomDetails) -> None:
    """Raises: ClassFixedOnAir: the content class may not change before those who watch. Publishes: DetailsChanged."""
    with transaction.atomic():
        locked = Room.objects.with_host().select_for_update(no_key=True, of=("self",)).get(pk=room.pk)
        if locked.content_class != details.content_class and locked.state != State.OFFLINE:
            fixed = _("End the broadcast before you change the content class.")
            raise ClassFixedOnAir(fixed, fields={"content_class": fixed})
        for name in ("title", "category", "language", "content_class"):
            before, after = getattr(locked, name), getattr(details, name)
            privacy.note_correction(row=locked, field=name, before=before, after=after, at=timezone.now())
            setattr(locked, name, after)
        locked.save(update_fields=["title", "category", "language", "content_class"])
        _set_tags(locked, details.tags)
        events.publish(DetailsChanged(room_id=room.pk, title=details.title, lobby=rules.lobby_knowing(locked)))


def rotate_stream_key(*, room: Room, at: datetime) -> str:
    """Make a new key for streaming software and return it: the only time it can be read. The old one ends at once.

    So does a broadcast that came in by it: whoever rotates a key may do so because somebody else has it.
    """
    key = f"vk-{secrets.token_urlsafe(STREAM_KEY_BYTES)}"
    Room.objects.filter(pk=room.pk).update(
        stream_key_hash=queries.hash_key(key), stream_key_hint=key[-STREAM_KEY_HINT_CHARS:], stream_key_at=at
    )
    if Broadcast.objects.filter(room=room, ended_at=None, ingest=Broadcast.Ingest.WHIP).exists():
        broadcasts.cut(room=room, at=at)
    return key


def _set_tags(room: Room, names: Sequence[str]) -> None:
    room.tags.set([Tag.objects.get_or_create(name=name)[0] for name in names[:TAGS_MAX]])
