"""The gate at the database: no query touches personal data without a purpose, or for one that does not allow it.

Every connection runs its statements through `check()`, whichever way they were made: by a query set, by raw SQL or by a
bare cursor. What may be read is decided by the names in the SQL; rows and values are not looked at. A sealed column may
be loaded under any purpose, for it is ciphertext; its category is checked when it is opened, and when it is written.
"""

import functools
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from vasistas.guard import declarations, purposes, sql
from vasistas.guard.policy.model import Mode, Purpose

TEXTS_KEPT_MAX = 4096  # what each distinct SQL text touches is worked out once
TEXT_KEPT_CHARS_MAX = 20_000  # longer ones are bulk inserts, hardly ever the same twice
NAMES_SHOWN_MAX = 6

logger = logging.getLogger(__name__)


class PurposeMissing(purposes.GuardError):
    """Personal data was touched and nobody said why."""


class PurposeRefused(purposes.GuardError):
    """Personal data was touched for a purpose that does not allow it."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What one SQL text touches. columns: (table, column), personal ones. categories: what the purpose must allow."""

    tables: frozenset[str]
    columns: frozenset[sql.Column]
    categories: frozenset[str]


def install(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Put the gate before every statement of `connection`; for the signal `connection_created`."""
    if check not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, check)  # leaving an execute_wrapper() block takes the last one away


def check(execute: Callable[..., Any], statement: Any, params: Any, many: bool, context: Mapping[str, Any]) -> Any:  # noqa: FBT001 — Django's signature
    """Run the statement if the purpose in force allows it. `params` is never looked at.

    Raises: PurposeMissing, PurposeRefused: the statement was not run.
    """
    text = statement if isinstance(statement, str) else _text_of(statement, context)
    touched = touched_by(text)
    if touched.tables:
        frame = purposes.current()
        if frame is None or not touched.categories <= frame.purpose.categories:
            refuse(touched, frame.purpose if frame else None)
        if frame is not None and (recorder := frame.scope.recording()) is not None:
            recorder.note_query(frame, touched.columns, text)
    return execute(statement, params, many, context)


def touched_by(text: str) -> Touched:
    """Return what an SQL text touches: worked out once per text."""
    return _touched_by(text) if len(text) <= TEXT_KEPT_CHARS_MAX else _touched_by.__wrapped__(text)


@functools.lru_cache(maxsize=TEXTS_KEPT_MAX)
def _touched_by(text: str) -> Touched:
    named = sql.scan(text, _catalogue())
    personal, sealed = _columns()
    must_allow = {personal[column] for column in named.columns if column not in sealed or column in named.written}
    return Touched(named.tables, named.columns, frozenset(must_allow))


@functools.cache
def _catalogue() -> sql.Catalogue:
    return {
        table.lower(): frozenset(column.lower() for column in columns)
        for table, columns in declarations.gated_columns().items()
    }


@functools.cache
def _columns() -> tuple[Mapping[sql.Column, str], frozenset[sql.Column]]:
    """Every personal column with its category; those that are sealed."""
    personal = {
        (table.lower(), column.lower()): category
        for table, columns in declarations.gated_columns().items()
        for column, category in columns.items()
    }
    sealed = {
        (table.lower(), column.lower())
        for table, columns in declarations.sealed_columns().items()
        for column in columns
    }
    return personal, frozenset(sealed)


def forget_cached() -> None:
    """Read the declarations again; for tests that change them."""
    for cached in (_touched_by, _catalogue, _columns):
        cached.cache_clear()


def _text_of(statement: Any, context: Mapping[str, Any]) -> str:
    """The text of what psycopg composes (psycopg.sql.Composable), or of bytes."""
    if isinstance(statement, bytes):
        return statement.decode()
    return str(statement.as_string(context["connection"].connection))


# -- Refusals: what was touched, for what, and what to do; never a value ----------------------------------------------

_observed: Counter[tuple[str, str]] = Counter()


def observed() -> Mapping[tuple[str, str], int]:
    """(purpose or "", model.field) -> how often it would have been refused since the process started."""
    return dict(_observed)


def refuse(touched: Touched, purpose: Purpose | None) -> None:
    """Raise, or in observe mode count and return."""
    error: purposes.GuardError = _refused(touched, purpose) if purpose else _missing(touched)
    mode = purpose.mode if purpose and settings.GATE_MODE == Mode.ENFORCE else settings.GATE_MODE
    if mode == Mode.ENFORCE:
        raise error
    key = purpose.key if purpose else ""
    names = _names(touched.columns or {(table, "") for table in touched.tables})
    if (key, names[0]) not in _observed:
        logger.warning("gate.would_refuse %s", error)
    _observed.update((key, name) for name in names)


def _missing(touched: Touched) -> PurposeMissing:
    names = _names(touched.columns or {(table, "") for table in touched.tables})
    return PurposeMissing(
        f"No purpose is stated, and the query touches {_shown(names)}. State one around it: "
        f"`with processing(…):` of vasistas.guard.purposes. {_allowing(touched.categories)}"
    )


def _refused(touched: Touched, purpose: Purpose) -> PurposeRefused:
    personal, _sealed = _columns()
    lacking = touched.categories - purpose.categories
    columns = {column for column in touched.columns if personal[column] in lacking}
    return PurposeRefused(
        f"The purpose {purpose.key!r} does not allow {', '.join(sorted(lacking))}, and the query touches "
        f"{_shown(_names(columns))}. {_allowing(touched.categories)} Or load less: .only(…), .defer(…), .values(…)."
    )


def _allowing(categories: frozenset[str]) -> str:
    fitting = [key for key, one in purposes.known().items() if categories <= one.categories]
    return f"Purposes that allow it: {', '.join(fitting)}." if fitting else "No purpose of the policy allows all of it."


def _names(columns: frozenset[sql.Column] | set[sql.Column]) -> list[str]:
    """`accounts.Member.email` for a column, `accounts.Member` for a table."""
    return sorted(".".join(filter(None, (_label(table), _field(table, column)))) for table, column in columns)


def _shown(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN_MAX
    return ", ".join(names[:NAMES_SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")


@functools.cache
def _models() -> Mapping[str, Any]:
    models = apps.get_models(include_auto_created=True)
    return {model._meta.db_table.lower(): model for model in models if not model._meta.proxy}


def _label(table: str) -> str:
    model = _models().get(table)
    return model._meta.label if model else table


def _field(table: str, column: str) -> str:
    model = _models().get(table)
    fields = model._meta.local_concrete_fields if model else ()
    return next((field.name for field in fields if field.column.lower() == column), column)
