"""Kept, and not used: rows of people who restricted processing, or objected to a purpose, are left out of its queries.

The one place: each query set is compiled by `Query.get_compiler`, which adds the condition. So `get()`, lists,
`values()`, `count()`, `exists()`, aggregates, sub-queries, `update()` and `delete()` are guarded alike. Not guarded by
row, as no row of the person is asked for: SQL written by hand, and columns of another's row reached by a join from
somebody's own (`select_related`, `values("room__host__…")`). Source: GDPR Art. 18(2), 21(1); step 4 of
guard/precedence.py.
"""

import functools
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import sql

from vasistas.guard import declarations, purposes
from vasistas.guard.declarations import SUBJECT_LABEL
from vasistas.guard.policy.model import Purpose, Reads

OBJECTION_LABEL = "privacy.UseObjection"  # named, not imported: guard knows no app
RESTRICTED = "restricted"
NOBODY = 0  # no subject has this number

# What goes on under a restriction: the person's own rights and way in, the law (books too), and storage itself.
STILL_USED = frozenset(
    {"account", "audit", "finance", "maintain", "notices", "prove", "requests", "retention", "rights", "session"}
)
MARK = "/*kept, not used*/"  # around the condition, so that the read log can tell it from what code asked
_GUARDED = "_vasistas_restriction"  # on a query that has the condition


def install() -> None:
    """Guard every query that Django compiles. Once, when all models are there."""
    plain = sql.Query.get_compiler
    if hasattr(plain, "__wrapped__"):
        return

    @functools.wraps(plain)
    def get_compiler(self: Any, *asked: Any, **options: Any) -> Any:
        return plain(guarded(self), *asked, **options)

    sql.Query.get_compiler = get_compiler  # type: ignore[method-assign]  # the one place; see above


def guarded(query: Any) -> Any:
    """Return the query without rows of people whose data is not used for the purpose in force; itself if none is.

    A person's own rows stay for their own eyes.
    """
    frame = purposes.current()
    if frame is None or not is_guarded(frame.purpose):
        return query
    if _GUARDED in query.__dict__ or query.combinator or isinstance(query, sql.InsertQuery | sql.AggregateQuery):
        return query  # of a combined query, and of an aggregate over one, the inner ones are compiled by themselves
    condition = _condition_on(query.model) if query.model is not None else None
    if condition is None:
        return query
    clone = query.clone()
    setattr(clone, _GUARDED, True)
    reader = frame.scope.actor().subject_id or NOBODY
    clone.where = sql.where.WhereNode([clone.where], sql.where.AND)  # whatever joins the others, this holds too
    clone.where.add(_Used(clone.get_initial_alias(), condition, (reader, frame.purpose.key, reader)), sql.where.AND)
    return clone


def unguarded(text: str) -> str:
    """An SQL text as code asked it, without the condition."""
    return "".join(text.split(MARK)[::2])


def is_guarded(purpose: Purpose) -> bool:
    """Whether rows of restricted people are left out of queries under this purpose."""
    return purpose.key not in STILL_USED and purpose.reads is not Reads.INTERNAL


@dataclass(frozen=True)
class _Condition:
    """column: of the table itself. owners: SQL for its values that are withheld; takes a reader, a purpose, and the
    reader again.
    """

    column: str | None
    owners: str


@dataclass(frozen=True)
class _Used:
    """A condition in WHERE, as Django's own ExtraWhere is one: SQL with its values, and nothing else to ask of it."""

    alias: str
    condition: _Condition
    values: tuple[int, str, int]

    contains_aggregate = False
    contains_over_clause = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # noqa: ARG002 — Django's signature
        column = f"{compiler.quote_name(self.alias)}.{_quoted(self.condition.column)}"
        return f"{MARK}({column} IS NULL OR {column} NOT IN ({self.condition.owners})){MARK}", list(self.values)

    def get_refs(self) -> set[str]:
        return set()

    def get_group_by_cols(self) -> list[Any]:
        return []

    def relabeled_clone(self, change_map: Any) -> "_Used":
        return _Used(change_map.get(self.alias, self.alias), self.condition, self.values)


@functools.cache
def _condition_on(model: type[models.Model]) -> _Condition | None:
    """By the first step of the path, so that the query gets no join: it may lock its rows, or change them."""
    declaration = declarations.of(model)
    path = declaration.subject if declaration else None
    if not isinstance(path, str):
        return None
    owners = _people()
    if path == "self":
        return _Condition(model._meta.pk.column, owners)
    here: Any = model
    steps = []
    for name in path.split("__"):
        steps.append(here._meta.get_field(name))
        here = steps[-1].related_model
    for step in reversed(steps[1:]):
        table, key = _quoted(step.model._meta.db_table), _quoted(step.model._meta.pk.column)
        owners = f"SELECT {table}.{key} FROM {table} WHERE {table}.{_quoted(step.column)} IN ({owners})"  # noqa: S608 — names of our own
    return _Condition(steps[0].column, owners)


def _people() -> str:
    """Subjects whose data is not used for a purpose, but for one reader's own eyes."""
    people = _quoted(apps.get_model(SUBJECT_LABEL)._meta.db_table)
    objections = _quoted(apps.get_model(OBJECTION_LABEL)._meta.db_table)
    return (  # two parts, each by its own index: joined by OR, every query would read all people
        f"SELECT {people}.id FROM {people} WHERE {people}.state = '{RESTRICTED}' AND {people}.id <> %s "  # noqa: S608 — see above
        f"UNION ALL SELECT {objections}.subject_id FROM {objections} "
        f"WHERE {objections}.purpose = %s AND {objections}.subject_id <> %s"
    )


def _quoted(name: str | None) -> str:
    return f'"{name}"'  # of both engines
