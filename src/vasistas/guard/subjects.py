"""The fence around a person: who writes about someone holds it shared, who erases them holds it alone.

Subjects are named by their number; the model lives in an app, which guard does not know.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, models

from vasistas.guard import declarations, purposes
from vasistas.lib.errors import DomainError

STATES_HELD = ("active", "restricted")  # in the others nothing is written about someone any more


class SubjectGone(DomainError):  # noqa: N818 — see lib.errors
    """The person is erased, or about to be: nothing may be written about them any more."""

    status = 410
    code = "subject_gone"

    def __init__(self) -> None:
        super().__init__("This account is being erased. Nothing can be added to it any more.")


class NotFenced(purposes.GuardError):
    """The fence was asked for where it cannot be held."""


def hold(subject_id: int) -> UUID:
    """Keep a person from being erased until the transaction ends, and return the handle of their keys.

    Raises: SubjectGone. NotFenced: no transaction is open.
    Locks: the subject's row, FOR KEY SHARE, until commit: writers do not wait for each other, the eraser waits for all.
    On SQLite the transaction itself is the only writer.
    """
    if not connection.in_atomic_block:
        raise NotFenced("The fence is held by a transaction: write inside `with transaction.atomic():`.")
    subject = _subject()._meta
    lock = " FOR KEY SHARE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key_handle FROM {subject.db_table} WHERE id = %s AND state IN (%s, %s){lock}",  # noqa: S608 — a table's own name
            [subject_id, *STATES_HELD],
        )
        found = cursor.fetchone()
    if found is None:
        raise SubjectGone
    return found[0] if isinstance(found[0], UUID) else UUID(found[0])


def handle_of(subject_id: int) -> UUID:
    """The random handle of a person's keys, erased or not; it names nobody.

    Raises: SubjectGone: nobody was ever there.
    """
    every = _subject()._base_manager  # noqa: SLF001 — documented by Django under this name
    found: UUID | None = every.filter(pk=subject_id).values_list("key_handle", flat=True).first()
    if found is None:
        raise SubjectGone
    return found


def subject_id_of(row: models.Model) -> int:
    """The subject a row belongs to, by its declared path; from objects already loaded, or by one query.

    Raises: SubjectGone: the path ends early. GuardError: no path is declared.
    """
    declaration = declarations.of(row._meta.model)
    path = declaration.subject if declaration else None
    if not isinstance(path, str):
        raise purposes.GuardError(f"{row._meta.label} declares no path from a row to its subject.")
    here: Any = row
    names = [] if path == "self" else path.split("__")
    while names:
        field = here._meta.get_field(names.pop(0))
        key = getattr(here, field.attname)
        if key is None:
            raise SubjectGone
        if not names:
            return int(key)
        near = field.get_cached_value(here, default=None)
        if near is None or near._meta.get_field(names[0]).attname not in near.__dict__:
            base = field.remote_field.model._base_manager  # noqa: SLF001 — documented by Django under this name
            return _one(base.filter(pk=key).values_list("__".join(names), flat=True).first())
        here = near
    return int(here.pk)


def _one(subject_id: int | None) -> int:
    if subject_id is None:
        raise SubjectGone
    return subject_id


def audit_ids_of(subject_ids: Iterable[int]) -> dict[int, str]:
    """Open the audit numbers of many people, for the read log; those of the erased are missing.

    States the purpose "audit" itself.
    """
    from vasistas.guard import sealed  # noqa: PLC0415 — it stands on the fence

    with purposes.processing("audit"):
        wanted = _subject()._base_manager.filter(pk__in=set(subject_ids))  # noqa: SLF001 — see above
        rows: list[Any] = list(wanted.only("pk", "row_key", "key_handle", "audit_id"))
        sealed.preload(rows, "audit_id")
        return {row.pk: row.audit_id for row in rows if not sealed.is_gone(row, "audit_id")}


def _subject() -> type[models.Model]:
    return apps.get_model(declarations.SUBJECT_LABEL)
