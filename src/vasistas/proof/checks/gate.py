"""Clause 1: code that states no purpose, or one the policy does not allow, is refused by the database's own gate."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import connection, connections, router

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Mute
from vasistas.guard import declarations, gate, purposes
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.policy import get_policy

CATEGORY = "user.account.username"
NOBODY = "id < 0"  # no row has such a number: what the gate should miss would change nothing
TABLE = Member._meta.db_table


def _forms() -> dict[str, Callable[[], object]]:
    """The eight ways to a database, each touching Member.display_name of nobody."""
    nobody = Member.objects.filter(pk__lt=0)
    named = Member.objects.filter(pk__lt=0, display_name="")

    def cursor() -> None:
        with connection.cursor() as bare:
            bare.execute(f"SELECT display_name FROM {TABLE} WHERE {NOBODY}")  # noqa: S608 — our own table's name

    return {
        "list": lambda: list(nobody),
        "values": lambda: list(nobody.values("display_name")),
        "iterator": lambda: list(nobody.iterator()),
        "count": named.count,
        "exists": named.exists,
        "update": lambda: nobody.update(display_name=""),
        "raw": lambda: list(Member.objects.raw(f"SELECT * FROM {TABLE} WHERE {NOBODY}")),  # noqa: S608 — our own table's name
        "cursor": cursor,
    }


def _not_refused(forms: dict[str, Callable[[], object]], refusal: type[Exception]) -> Iterator[str]:
    for name, ask in forms.items():
        try:
            ask()
        except refusal:
            continue
        yield name


@check(
    "gate.refuses_without_purpose",
    kind="probe",
    is_gated=True,
    words={
        "en": "Eight ways of asking the database for a name, without a purpose: each is refused.",
        "fr": "Huit façons de demander un nom à la base, sans finalité : chacune est refusée.",
    },
)
def refuses_without_purpose(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    with purposes.scope(lambda: purposes.NOBODY):
        wrong = list(_not_refused(_forms(), gate.PurposeMissing))
    return finding(len(_forms()), wrong, at_least=1)


@check(
    "gate.refuses_wrong_purpose",
    kind="probe",
    is_gated=True,
    words={
        "en": "The same eight ways, under each purpose that does not allow names: each is refused.",
        "fr": "Les mêmes huit façons, sous chaque finalité qui n’admet pas les noms : chacune est refusée.",
    },
)
def refuses_wrong_purpose(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    wrong, counted = [], 0
    for purpose in get_policy().purposes.values():
        if CATEGORY in purpose.categories:
            continue
        with purposes.processing(purpose.key, reason="probe of the gate"):
            wrong += [f"{purpose.key}: {form}" for form in _not_refused(_forms(), gate.PurposeRefused)]
        counted += len(_forms())
    return finding(counted, wrong, at_least=len(_forms()))


@counterexample("gate.refuses_without_purpose")
@counterexample("gate.refuses_wrong_purpose")
def take_the_gate_away(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    connection.ensure_connection()
    connection.execute_wrappers.remove(gate.check)


@check(
    "gate.covers_every_table",
    kind="probe",
    is_gated=True,
    words={
        "en": "Each personal column of each table, asked for without a purpose: each is refused.",
        "fr": "Chaque colonne personnelle de chaque table, demandée sans finalité : chacune est refusée.",
    },
)
def covers_every_table(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    forms = {f"{table}.{column}": _ask(alias, table, column) for alias, table, column in _columns()}
    with purposes.scope(lambda: purposes.NOBODY):
        wrong = list(_not_refused(forms, gate.PurposeMissing))
    return finding(len(forms), wrong, at_least=1)


def _columns() -> Iterator[tuple[str, str, str]]:
    """Alias, table and column of every personal column."""
    aliases = {model._meta.db_table: router.db_for_read(model) for model in apps.get_models(include_auto_created=True)}
    for table, columns in declarations.personal_columns().items():
        for column in columns:
            yield aliases[table], table, column


def _ask(alias: str, table: str, column: str) -> Callable[[], object]:
    def ask() -> None:
        quote = connections[alias].ops.quote_name
        with connections[alias].cursor() as bare:
            bare.execute(f"SELECT {quote(column)} FROM {quote(table)} WHERE 1 = 0")  # noqa: S608 — names of our own

    return ask


@counterexample("gate.covers_every_table")
def forget_a_table(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    connection.ensure_connection()

    def blind_in_one_eye(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 — Django's signature
        if Mute._meta.db_table in str(sql):
            return execute(sql, params, many, context)
        return gate.check(execute, sql, params, many, context)

    connection.execute_wrappers[:] = [
        blind_in_one_eye if wrapper is gate.check else wrapper for wrapper in connection.execute_wrappers
    ]
