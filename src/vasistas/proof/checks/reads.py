"""Clauses 5 and 9: what staff read leaves an entry, without the log there is no data, and nobody changes the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus

from django.db import connection, transaction
from django.urls import reverse

from vasistas.guard import purposes, subjects
from vasistas.guard.conformance.registry import Finding, NotProven, check, counterexample, finding
from vasistas.guard.purposes import processing
from vasistas.guard.reads import operations, verify
from vasistas.guard.reads.models import Entry
from vasistas.proof import canary
from vasistas.proof.browser import not_logged
from vasistas.proof.canary import Canaries

PURPOSE = "staff"


def _page_about(canaries: Canaries) -> str:
    return reverse("admin:accounts_member_change", args=[canaries.vi.pk])


@check(
    "reads.staff_read_leaves_an_entry",
    kind="canary",
    words={
        "en": "Staff opens the page of a member: the read log has an entry about that member, with purpose and reader.",
        "fr": "L’équipe ouvre la page d’un membre : le journal contient une entrée sur lui, avec finalité et lecteur.",
    },
)
def staff_read_leaves_an_entry(now: datetime) -> Finding:
    wrong = []
    with canary.stage(now) as canaries:
        answer = canary.browser_of(canaries.sam).get(_page_about(canaries))
        if answer.status_code != HTTPStatus.OK:
            raise NotProven(f"The staff's page of a member answers {answer.status_code}.")
        audit_ids = subjects.audit_ids_of([canaries.vi.subject_id, canaries.sam.subject_id])
        about, by = audit_ids[canaries.vi.subject_id], audit_ids[canaries.sam.subject_id]
        with processing("audit"):
            found = list(Entry.objects.filter(subject=about, purpose=PURPOSE))
        wrong += ["no entry"] if not found else []
        wrong += ["the reader is missing"] if any((one.actor_kind, one.actor) != ("staff", by) for one in found) else []
        wrong += ["the fields are missing"] if not any("accounts.Member." in one.mask for one in found) else []
    return finding(1, wrong)


@counterexample("reads.staff_read_leaves_an_entry")
def stop_recording(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    purposes.record_with(None)


@check(
    "reads.chain_verifies",
    kind="crypto",
    limit_s=300,  # ten million entries
    words={
        "en": "The log's signed chain, computed anew from the database, has no changed, missing or moved entry.",
        "fr": "La chaîne signée du journal, recalculée, n’a ni entrée changée, ni manquante, ni déplacée.",
    },
)
def chain_verifies(now: datetime) -> Finding:
    with processing("audit"):
        verified = verify.verify(at=now)
    return finding(verified.entries + verified.batches, [fault.code for fault in verified.faults])


@counterexample("reads.chain_verifies")
def rewrite_an_entry(now: datetime) -> None:
    with processing("audit"):
        operations.seal_pending(at=now)
        newest = Entry.objects.latest("pk").pk
        Entry.objects.filter(pk=newest).update(count=4711)


@check(
    "reads.no_log_no_data",
    kind="canary",
    words={
        "en": "While the log cannot be written, staff who ask for a member's page get nothing of it.",
        "fr": "Tant que le journal ne peut être écrit, l’équipe qui demande la page d’un membre n’en obtient rien.",
    },
)
def no_log_no_data(now: datetime) -> Finding:
    wrong = []
    with canary.stage(now) as canaries:
        browser = canary.browser_of(canaries.sam)
        with _log_refused(), not_logged():
            answer = browser.get(_page_about(canaries))
        wrong += [f"it answers {answer.status_code}"] if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE else []
        wrong += ["it shows the member"] if canaries.vi.display_name in answer.text else []
    return finding(1, wrong)


counterexample("reads.no_log_no_data")(stop_recording)


@contextmanager
def _log_refused() -> Iterator[None]:
    """Let the database refuse new entries on this connection alone, for a part of the canaries' transaction."""
    refuse = (
        f"CREATE TEMP TRIGGER no_log BEFORE INSERT ON main.{Entry._meta.db_table} BEGIN SELECT RAISE(ABORT, ''); END"
    )
    if connection.vendor != "sqlite":
        refuse = "SET LOCAL transaction_read_only = on"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(refuse)
        try:
            yield
        finally:
            transaction.set_rollback(True)
