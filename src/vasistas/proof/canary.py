"""People of nobody, for the time of one probe: they come, do what the probe needs, and were never here.

All they are and do is one transaction that is rolled back; the pages they ask for run in the same thread and see it. It
holds the writer's lock of SQLite for that time: a fraction of a second, seconds where many pages are asked for.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.apps.providers import operations as providers
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Room
from vasistas.guard import keyring, purposes
from vasistas.guard.keyring.models import DataKey
from vasistas.proof import scene
from vasistas.proof.browser import Browser

CLOSING = "close_if_unusable_or_obsolete"  # what Django calls on each connection when a request starts and ends
REASON = "canaries of a check, rolled back"


@dataclass(frozen=True)
class Canaries:
    """Ada and Mira host a room each, Vi spoke in both, Sam is staff with a second factor. Names are random."""

    ada: Member
    mira: Member
    vi: Member
    sam: Member
    rooms: tuple[Room, Room]
    lines: tuple[Message, Message]

    @property
    def everyone(self) -> tuple[Member, ...]:
        return self.ada, self.mira, self.vi, self.sam


@contextmanager
def stage(now: datetime) -> Iterator[Canaries]:
    """Let the canaries in, and out again without a trace; what the read log keeps of them goes with them."""
    canaries: Canaries | None = None
    try:
        with kept_open(), transaction.atomic():
            with arranging():
                canaries = _arrive(now)
            try:
                with purposes.scope(lambda: purposes.NOBODY), purposes.processing("prove"):
                    yield canaries
            finally:
                transaction.set_rollback(True)
    finally:
        if canaries is not None:
            _forget_keys(canaries)


@contextmanager
def arranging() -> Iterator[None]:
    """Write about canaries, and read what no page shows of them."""
    with purposes.scope(lambda: purposes.NOBODY), purposes.processing("maintain", reason=REASON):
        yield


@contextmanager
def kept_open() -> Iterator[None]:
    """Keep this thread's connections through the ends of requests, which close one in the midst of a transaction."""
    every: list[Any] = list(connections.all())
    own = [connection for connection in every if CLOSING not in connection.__dict__]  # not kept by a caller already
    for connection in own:
        connection.close_if_unusable_or_obsolete = lambda: None  # of this object, hence of this thread
    try:
        yield
    finally:
        for connection in own:
            del connection.close_if_unusable_or_obsolete


def _arrive(now: datetime) -> Canaries:
    ada, mira, vi = (scene.arrive(_name()) for _ in range(3))
    sam = scene.arrive(_name(), is_staff=True, is_superuser=True)
    scene.give_second_factor(sam)
    open_rooms = tuple(
        rooms.create_room(
            host=providers.become_host(member=host, at=now, agreed=True),
            slug=f"canary-{secrets.token_hex(6)}",
            details=rooms.RoomDetails("A room of nobody", "nature"),
            at=now,
        )
        for host in (ada, mira)
    )
    lines = tuple(_line(room, vi, now) for room in open_rooms)
    return Canaries(ada, mira, vi, sam, (open_rooms[0], open_rooms[1]), (lines[0], lines[1]))


def _line(room: Room, author: Member, now: datetime) -> Message:
    """Written as a row: the pace of the chat counts by number, and canaries have theirs again after each rollback."""
    text = f"Canary {secrets.token_hex(8)} sings."
    return Message.objects.create(room=room, author=author, role="member", text=text, said_at=now - scene.AGO)


def _name() -> str:
    return f"Canary {secrets.token_hex(6)}"


def _forget_keys(canaries: Canaries) -> None:
    """Delete the keys made for them: the key store commits on its own, and what they sealed was rolled back."""
    forget_keys([member.subject.key_handle for member in canaries.everyone])


def forget_keys(handles: Iterable[UUID]) -> None:
    """The same for somebody whom a check let in besides, after the stage is over."""
    DataKey.objects.filter(handle__in=list(handles)).delete()
    keyring.forget_cached()


def browser_of(member: Member) -> Browser:
    """A window in which `member` is signed in."""
    with arranging():
        key = scene.sign_in(member)
    browser = Browser()
    browser.cookies.set(settings.SESSION_COOKIE_NAME, key)
    return browser
