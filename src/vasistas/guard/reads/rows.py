"""Rows note themselves as they load: `from_db` of every declared personal model, wrapped once at start-up.

Nothing is resolved here. A row leaves behind one value, from which its subject is found when all is written down.
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.apps import apps
from django.db import models

from vasistas.guard import declarations, purposes

READ_ROWS_MAX = 20_000  # rows of one kind noted in one scope before all is written down as a run
OWNERS_PER_QUERY_MAX = 5000  # ids in one look-up
_WRAPPED = "_notes_reads"


@dataclass(frozen=True)
class Plan:
    """How rows of one model are noted.

    personal: attribute -> field name, of the fields that are readable when loaded. key: attribute of the primary key.
    hop: attribute that holds the first step of the path to the subject, or "" where only the primary key leads on.
    far: the model the first step leads to. rest: the path from there, "" when the step is the subject itself.
    leads_nowhere: no path is declared.
    """

    model: type[models.Model]
    table: str
    personal: Mapping[str, str]
    key: str
    path: str = ""
    hop: str = ""
    far: type[models.Model] | None = None
    far_key: str = ""
    rest: str = ""
    leads_nowhere: bool = False


@functools.cache
def plan_of(model: type[models.Model]) -> Plan:
    """Return how rows of a declared model, a proxy or a child of one are noted."""
    concrete = model._meta.concrete_model or model
    meta = concrete._meta
    personal = {
        field.attname: field.name for field in meta.concrete_fields if _is_in(field, declarations.personal_columns())
    }
    sealed = {field.attname for field in meta.concrete_fields if _is_in(field, declarations.sealed_columns())}
    readable = {attribute: name for attribute, name in personal.items() if attribute not in sealed}
    declaration = declarations.of(model)
    path = declaration.subject if declaration else None
    key = meta.pk.attname
    plan = functools.partial(Plan, concrete, meta.db_table.lower(), readable, key)
    if not isinstance(path, str):
        return plan(leads_nowhere=True)
    if path == "self":
        return plan(path="pk", hop=key)
    first, _, rest = path.partition("__")
    field = meta.get_field(first)
    if not isinstance(field, models.ForeignKey):
        return plan(path=path)
    far_key = field.target_field.name
    return plan(path=path, hop=field.attname, far=field.related_model, far_key=far_key, rest=rest)


def _is_in(field: "models.Field[Any, Any]", columns: declarations.Columns) -> bool:
    return str(field.column) in columns.get(field.model._meta.db_table, {})


def install() -> None:
    """Wrap `from_db` of every declared model with personal fields. A second call changes nothing."""
    for model in apps.get_models(include_auto_created=True):
        declaration = declarations.of(model)
        if declaration is not None and declaration.personal:
            _wrap(model)


def _wrap(model: type[models.Model]) -> None:
    original: Callable[..., models.Model] = model.from_db.__func__  # type: ignore[attr-defined]  # a class method
    if hasattr(original, _WRAPPED):
        return  # of this model, or of a parent: the wrapper asks for the class it is called on

    def from_db(  # one statement for each step: this stands in the way of every row
        cls: type[models.Model],
        /,
        db: str | None,
        field_names: Sequence[str],
        values: Sequence[Any],
        *,
        fetch_mode: Any = None,
    ) -> models.Model:
        frame = purposes.current()
        if frame is not None and frame.purpose.notes_rows:
            recorder = frame.scope.recorder or frame.scope.recording()
            if recorder is not None:
                slot = recorder.slot
                if slot[0] is not field_names or slot[1] is not frame or slot[2] is not cls:
                    slot = recorder.slot_of(frame, cls, field_names)
                bucket = slot[3]
                if bucket is not None:
                    bucket.append(slot[4](values))
                    if len(bucket) >= READ_ROWS_MAX:
                        recorder.spill()
        return original(cls, db, field_names, values, fetch_mode=fetch_mode)

    setattr(from_db, _WRAPPED, True)
    model.from_db = classmethod(from_db)  # type: ignore[assignment]  # a class method for a class method


def picker(plan: Plan, places: Mapping[str, Any]) -> tuple[Callable[[Any], Any] | None, bool]:
    """Return what takes the owner out of a row, and whether it takes the primary key instead of the first step.

    Of a row that others lead through it takes (primary key, subject): those need no query then.

    Args: places: attribute -> where its value stands in the row: a position, or a key.
    """
    if plan.leads_nowhere:
        return None, False
    if plan.hop in places and plan.model in steps():
        return itemgetter(places[plan.key], places[plan.hop]), False
    if plan.hop in places:
        return itemgetter(places[plan.hop]), False
    return (itemgetter(places[plan.key]), True) if plan.key in places else (None, True)


@functools.cache
def steps() -> frozenset[type[models.Model]]:
    """The models one step from a subject that rows of others lead through: members."""
    declared = (model for model in apps.get_models(include_auto_created=True) if declarations.of(model))
    return frozenset(plan.far for plan in map(plan_of, declared) if plan.far is not None and plan.rest == "subject")


def subjects_by(plan: Plan, owners: Iterable[Any], *, by_key: bool) -> dict[Any, int]:
    """Look up the subjects behind owners: first steps, or rows by primary key. Those that are gone are left out."""
    model, key, path = (plan.model, "pk", plan.path) if by_key else (plan.far, plan.far_key, plan.rest)
    if model is None:
        raise TypeError(f"{plan.model._meta.label} has no step to follow.")
    found: dict[Any, int] = {}
    wanted = sorted(owners)
    for start in range(0, len(wanted), OWNERS_PER_QUERY_MAX):
        some = wanted[start : start + OWNERS_PER_QUERY_MAX]
        every = model._base_manager  # noqa: SLF001 — documented by Django under this name
        found |= every.filter(**{f"{key}__in": some}).values_list(key, path)
    return {owner: subject for owner, subject in found.items() if subject is not None}
