"""What the tests of the read log share: reading as somebody, and looking at what was written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from vasistas.guard import subjects
from vasistas.guard.purposes import Actor, processing, scope
from vasistas.guard.reads import entries
from vasistas.guard.reads.entries import Draft
from vasistas.guard.reads.models import Entry


@contextmanager
def reading(purpose: str, reason: str = "", *, by: Any = None, kind: str = "staff") -> Iterator[None]:
    """A request of a member, in which one purpose is stated."""
    actor = Actor(kind, by.subject_id if by is not None else None)
    with scope(lambda: actor), processing(purpose, reason):
        yield


def entries_now() -> list[Entry]:
    return list(Entry.objects.order_by("pk"))


def audit_id(member: Any) -> str:
    return subjects.audit_ids_of([member.subject_id])[member.subject_id]


def plant(count: int, *, at: datetime | None = None, reason: str = "") -> list[int]:
    """Write entries of nobody in particular; returns their ids."""
    before = set(Entry.objects.values_list("pk", flat=True))
    drafts = [
        Draft("staff", reason or f"ticket {number}", "staff", "sam", f"vi-{number}", "accounts.Member.display_name", 1)
        for number in range(count)
    ]
    entries.write(drafts, at=at or timezone.now())
    return sorted(set(Entry.objects.values_list("pk", flat=True)) - before)


def sql(text: str, parameters: Any = ()) -> None:
    """Write as somebody does who has the database."""
    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
