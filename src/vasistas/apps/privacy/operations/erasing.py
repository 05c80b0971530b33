"""Someone is erased: seven steps, each of which may be done again; whoever is interrupted goes on where it ended."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from vasistas.apps.privacy import queries
from vasistas.apps.privacy.models import Erasure, Subject
from vasistas.apps.privacy.operations import certificates
from vasistas.apps.privacy.operations.recipients import tell_recipients
from vasistas.guard import erasure, journal, keyring
from vasistas.guard.purposes import processing
from vasistas.guard.subjects import STATES_HELD, SubjectGone
from vasistas.lib.errors import DomainError

HANDLES_MAX = 500  # of one query
ROWS_AT_ONCE = 5_000  # deleted in one transaction: other writers wait no longer than that
CERTIFICATE_TOKEN_BYTES = 32

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Erased:
    """rows: model label -> how many went. keys: how many data keys were destroyed."""

    rows: dict[str, int]
    keys: int


class RowsLeft(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """Rows of an erased person were found afterwards: a writer went around the fence."""

    status = 500
    code = "privacy.rows_left"


class StillRunning(DomainError):  # noqa: N818 — see above
    """Something that runs for the person could not be ended. The keys are gone; the rows wait until it is."""

    status = 503
    code = "privacy.still_running"


@dataclass(frozen=True)
class _Case:
    """One run of an erasure. data: the folder of the journal."""

    subject_id: int
    handle: UUID
    at: datetime
    data: Path

    def row(self, *, locked: bool = False) -> Erasure:
        every = Erasure.objects.select_for_update() if locked else Erasure.objects
        return every.get(subject_id=self.subject_id)

    @property
    def subject(self) -> "models.QuerySet[Subject]":
        return Subject.objects.filter(pk=self.subject_id)


@processing("rights", reason="erasure")
def ask_erasure(*, subject_id: int, at: datetime) -> str:
    """Close the fence around someone who asked for it: from here on an erasure finishes by itself, whatever happens.

    Returns the token of the link to the certificate; only its hash is stored, so it is shown once.
    Raises: SubjectGone: an erasure is under way, by another window.   Locks: as erase().
    """
    case, token = _case(subject_id, at, None), secrets.token_urlsafe(CERTIFICATE_TOKEN_BYTES)
    if not case.subject.filter(state__in=STATES_HELD).exists():
        raise SubjectGone
    _intend(case)
    with transaction.atomic():
        if not case.subject.select_for_update().filter(state__in=STATES_HELD).exists():
            raise SubjectGone
        _fence(case)
        Erasure.objects.filter(subject_id=subject_id).update(token_hash=queries.hash_token(token))
    return token


@processing("rights", reason="erasure")
def erase(*, subject_id: int, at: datetime, data: Path | None = None) -> Erased:
    """Make one person unreadable at once, then delete their rows; a repeat finishes what an interrupted run began.

    1. Intent: a line in the journal outside of the database (in `data`, by default the site's), so that a restored
    backup is erased again. 2. Fence: the state becomes `erasing`; writers that hold it are waited for, later ones are
    refused; recipients are noted to be told. 3. What runs for the person is ended (guard.erasure.wire), keys are
    destroyed, and none is ever made again. 4. Rows, in the order of the declarations, ROWS_AT_ONCE. 5. Scan: nothing is
    left. 6. Certificate.
    The subject's own row stays as the fence, without a time and with a number nobody can open.

    Raises: RowsLeft, StillRunning, AuditKeyRefused: nothing done is undone; the worker goes on (`finish_erasures`).
    Locks: the subject's row (FOR UPDATE) in step 2; the erasure's row while each batch goes.
    What a law keeps is a copy under a key of the site (`guard.erasure.kept`), made before, and told in the certificate.
    Source: GDPR Art. 17; guard/precedence.py decides what a hold keeps, once there are any.
    """
    case = _case(subject_id, at, data)
    is_erased = case.subject.filter(state=Subject.State.ERASED).exists()
    if is_erased and not Erasure.objects.filter(subject_id=subject_id).exists() and not rows_of(subject_id):
        return Erased({}, keyring.destroy(case.handle))
    for step in STEPS:
        step(case)
    row = Erasure.objects.filter(subject_id=subject_id).first()
    found = Erased(dict(row.rows), row.keys) if row else Erased({}, 0)
    Erasure.objects.filter(subject_id=subject_id).update(subject=None)  # from here on it names nobody
    return found


def finish(*, subject_id: int, at: datetime) -> bool:
    """Go on with one erasure as far as it goes; return whether it is done. What fails is logged by its kind."""
    try:
        erase(subject_id=subject_id, at=at)
    except Exception as error:  # noqa: BLE001 — whatever it was, the worker tries again
        logger.error("privacy.erasure_waits subject=%s error=%s", subject_id, type(error).__name__)  # noqa: TRY400 — a traceback could quote rows
        return False
    return True


@processing("rights", reason="erasure")
def finish_erasures(*, at: datetime) -> int:
    """Go on with every erasure that was interrupted, also before its fence; return how many are done now.

    One that fails is tried again in the next run.
    """
    begun = Erasure.objects.exclude(subject=None).values_list("subject_id", flat=True)
    waiting = {*begun, *Subject.objects.filter(state=Subject.State.ERASING).values_list("pk", flat=True)}
    path = journal.path_in(settings.DATA)
    intended = list(set(journal.handles(path)) - set(journal.handles(path, step=journal.DONE)))
    for start in range(0, len(intended), HANDLES_MAX):
        some = Subject.objects.filter(key_handle__in=intended[start : start + HANDLES_MAX])
        waiting |= set(some.values_list("pk", flat=True))
    return sum(finish(subject_id=subject_id, at=at) for subject_id in sorted(filter(None, waiting)))


# -- The steps ---------------------------------------------------------------------------------------------------------


def _case(subject_id: int, at: datetime, data: Path | None) -> _Case:
    handle = Subject.objects.values_list("key_handle", flat=True).get(pk=subject_id)
    return _Case(subject_id, handle, at, data or Path(settings.DATA))


def _intend(case: _Case) -> None:
    if case.handle not in journal.handles(journal.path_in(case.data)):
        journal.note(case.data, case.handle, journal.INTENT, case.at)


def _fence(case: _Case) -> None:
    with transaction.atomic():
        case.subject.select_for_update().get()
        case.subject.exclude(state=Subject.State.ERASED).update(state=Subject.State.ERASING)
        Erasure.objects.get_or_create(subject_id=case.subject_id, defaults={"asked_at": case.at})
        tell_recipients(subject_id=case.subject_id, what="erased", at=case.at)  # while keys live that tell who got what


def _stop_and_destroy_keys(case: _Case) -> None:
    failed = erasure.stop(case.subject_id, case.at)
    kept = erasure.kept(case.subject_id)
    count = keyring.destroy(case.handle)
    with transaction.atomic():
        row = case.row(locked=True)
        row.keys += count
        row.kept = kept or row.kept  # a repeat may find the way to it gone
        row.unreadable_at = row.unreadable_at or timezone.now()
        row.save(update_fields=["keys", "kept", "unreadable_at"])
    if failed:
        raise StillRunning(_("What still runs could not be ended (%(what)s).") % {"what": ", ".join(failed)})


def _delete_rows(case: _Case) -> None:
    done: set[tuple[type[models.Model], str]] = set()
    for step in erasure.plan():
        for one in [*erasure.pointing_at(step), step]:
            if (one.model, one.path) not in done:
                done.add((one.model, one.path))
                while _delete_batch(case, one):
                    pass
    # When they came is nobody's business any more.
    case.subject.update(state=Subject.State.ERASED, created_at=case.at)


def _delete_batch(case: _Case, step: erasure.Step) -> int:
    """Delete ROWS_AT_ONCE rows of one model, and count them with the same commit."""
    if not step.rows(case.subject_id).exists():
        return 0
    with transaction.atomic():  # without the fence: nobody new is let in, and a writer may hold what we delete
        row = case.row(locked=True)
        keys = list(step.rows(case.subject_id).values_list("pk", flat=True)[:ROWS_AT_ONCE])
        count, by_model = step.model._base_manager.filter(pk__in=keys).delete()  # noqa: SLF001 — documented by Django
        row.rows = {**row.rows, **{label: row.rows.get(label, 0) + gone for label, gone in by_model.items() if gone}}
        row.save(update_fields=["rows"])
    return int(count)


def _verify(case: _Case) -> None:
    left = rows_of(case.subject_id)
    if left:
        raise RowsLeft(_("Some rows are left: %(models)s. Erase again.") % {"models": ", ".join(sorted(left))})
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # as far as readers let it: older pages leave the log


def _certify(case: _Case) -> None:
    path = journal.path_in(case.data)
    if case.handle not in journal.handles(path, step=journal.DONE):
        journal.note(case.data, case.handle, journal.DONE, case.at)
    row = Erasure.objects.filter(subject_id=case.subject_id, finished_at=None).first()
    if row is None:
        return
    finished_at = timezone.now()
    Erasure.objects.filter(pk=row.pk).update(
        finished_at=finished_at, certificate=certificates.sign(row, path, case.handle, finished_at)
    )


STEPS: tuple[Callable[[_Case], None], ...] = (
    _intend,
    _fence,
    _stop_and_destroy_keys,
    _delete_rows,
    _verify,
    _certify,
)


@processing("rights", reason="replay of the journal of erasures")
def replay(*, at: datetime) -> int:
    """Erase again whoever the journal names, in data or keys that may be older; return how many had come back.

    Afterwards SQLite's file is written anew: what was deleted leaves no bytes in it.
    Raises: as erase(); call again.
    """
    back = 0
    for handle in journal.handles(journal.path_in(settings.DATA)):
        subject = Subject.objects.filter(key_handle=handle).first()
        if subject is None or (subject.state == Subject.State.ERASED and not rows_of(subject.pk)):
            back += bool(keyring.destroy(handle))  # also of someone who came after the backup was made
        else:
            erase(subject_id=subject.pk, at=at)  # tells recipients again: the backup has no notices of the erasure
            back += 1
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return back


@processing("rights", reason="replay of the journal of erasures")
def came_back() -> list[UUID]:
    """The handles of people the journal calls erased, and the database does not: it is older, and was not replayed."""
    erased = journal.handles(journal.path_in(settings.DATA), step=journal.DONE)
    found: list[UUID] = []
    for start in range(0, len(erased), HANDLES_MAX):
        some = Subject.objects.filter(key_handle__in=erased[start : start + HANDLES_MAX])
        found += some.exclude(state=Subject.State.ERASED).values_list("key_handle", flat=True)
    return found


@processing("rights", reason="erasure")
def rows_of(subject_id: int) -> dict[str, int]:
    """Count the rows that lead to a subject, by model; models without any are left out."""
    counts = {step.model._meta.label: step.rows(subject_id).count() for step in erasure.plan()}
    return {label: count for label, count in counts.items() if count}
