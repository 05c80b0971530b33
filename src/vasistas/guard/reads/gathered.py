"""From rows and queries that were noted to entries: whose they are, what was read of each, and how it is kept."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models

from vasistas.guard import declarations, subjects
from vasistas.guard.policy.model import Purpose, Reads
from vasistas.guard.purposes import Actor
from vasistas.guard.reads import rows
from vasistas.guard.reads.entries import Draft

READ_SUBJECTS_MAX = 200  # subjects of one scope and purpose with an entry of their own; more become one run


class Key(NamedTuple):
    """Rows that were noted alike. by_key: by their primary key, as the first step to their subject was not loaded."""

    purpose: str
    reason: str
    model: type[models.Model]
    mask: tuple[str, ...]
    by_key: bool


@dataclass
class Query:
    """One SQL text. Runs that loaded rows of a personal model are told by those rows; the others have only this."""

    columns: frozenset[tuple[str, str]]
    runs: int = 0
    runs_with_rows: int = 0


@dataclass
class Noted:
    """What one scope has read. rows: key -> what rows.picker() took out of each. queries: (purpose, reason, SQL)."""

    rows: dict[Key, list[Any]] = field(default_factory=dict)
    queries: dict[tuple[str, str, str], Query] = field(default_factory=dict)
    purposes: dict[str, Purpose] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.queries) or any(self.rows.values())

    def clear(self) -> None:
        for owners in self.rows.values():
            owners.clear()
        self.queries.clear()


@dataclass
class Told:
    """What was read for one purpose and reason. others: rows whose subject nobody knows."""

    people: Counter[int] = field(default_factory=Counter)
    masks: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    others: int = 0
    others_mask: set[str] = field(default_factory=set)
    queries: dict[str, Query] = field(default_factory=dict)


def drafts(noted: Noted, actor: Actor, *, is_run: bool) -> list[Draft]:
    """Return the entries that tell it all; none where only the actor's own data, or nothing, was read."""
    told = _told(noted, actor)
    if not told:
        return []
    wanted = {subject for one in told.values() for subject in one.people}
    audit_ids = subjects.audit_ids_of(wanted if actor.subject_id is None else {*wanted, actor.subject_id})
    return [
        draft
        for (purpose, reason), one in told.items()
        for draft in _entries(
            one,
            Draft(purpose, reason, actor.kind, audit_ids.get(actor.subject_id or 0, ""), "", "", 0),
            audit_ids,
            is_run=is_run or noted.purposes[purpose].reads is Reads.RUN or len(one.people) > READ_SUBJECTS_MAX,
        )
    ]


# -- Whose ------------------------------------------------------------------------------------------------------------


def _told(noted: Noted, actor: Actor) -> dict[tuple[str, str], Told]:
    told: dict[tuple[str, str], Told] = defaultdict(Told)
    met: dict[type[models.Model], dict[Any, int]] = defaultdict(dict)
    for key, owners in sorted(noted.rows.items(), key=lambda item: bool(rows.plan_of(item[0].model).rest)):
        reads = noted.purposes[key.purpose].reads
        mask = {f"{key.model._meta.label}.{name}" for name in key.mask}
        for subject, count in _counted(key, owners, met).items():
            if subject is None:
                if reads is not Reads.OWN:
                    told[key.purpose, key.reason].others += count
                    told[key.purpose, key.reason].others_mask |= mask
            elif reads is Reads.RUN or subject != actor.subject_id:
                told[key.purpose, key.reason].people[subject] += count
                told[key.purpose, key.reason].masks[subject] |= mask
    for (purpose, reason, sql), query in noted.queries.items():
        is_telling = query.runs > query.runs_with_rows or noted.purposes[purpose].reads is Reads.RUN
        if is_telling and any(column in _readable() for column in query.columns):
            told[purpose, reason].queries[sql] = query
    return told


def _counted(key: Key, owners: list[Any], met: dict[type[models.Model], dict[Any, int]]) -> Mapping[int | None, int]:
    """Return subject -> rows; None -> rows whose subject nobody knows. A row that belongs to nobody is left out.

    met: model -> primary key -> subject, of rows that were read themselves: they need no query.
    """
    plan, found = rows.plan_of(key.model), Counter[int | None]()
    if plan.leads_nowhere:
        found[None] = len(owners)
    elif plan.rest or key.by_key or not plan.hop:
        steps = Counter(owner for owner in owners if owner is not None)
        known = {} if key.by_key or plan.far is None or plan.rest != "subject" else met[plan.far]
        if asked := steps.keys() - known.keys():
            known = known | rows.subjects_by(plan, asked, by_key=key.by_key)
        for step, count in steps.items():
            found[known.get(step)] += count
    elif key.model not in rows.steps():
        found.update(owners)
        del found[None]
    else:
        for (row, subject), count in Counter(owners).items():
            if subject is not None:
                met[key.model][row] = subject
                found[subject] += count
    return found


# -- How it is kept ---------------------------------------------------------------------------------------------------


def _entries(told: Told, blank: Draft, audit_ids: Mapping[int, str], *, is_run: bool) -> Iterator[Draft]:
    if is_run:
        yield _run(told, blank, audit_ids)
        return
    words: dict[frozenset[str], str] = {}
    for subject, count in told.people.items():
        mask = frozenset(told.masks[subject])
        if mask not in words:
            words[mask] = " ".join(sorted(mask))
        yield blank._replace(subject=audit_ids.get(subject, ""), mask=words[mask], rows=count)
    if told.others:
        yield blank._replace(mask=" ".join(sorted(told.others_mask)), rows=told.others)
    if told.queries:
        runs = sum(query.runs - query.runs_with_rows for query in told.queries.values())
        columns = " ".join(sorted(_columns_of(told.queries)))
        yield blank._replace(mask=columns, rows=runs, fingerprint=fingerprint(told.queries))


def _run(told: Told, blank: Draft, audit_ids: Mapping[int, str]) -> Draft:
    mask: set[str] = set().union(told.others_mask, *told.masks.values(), _columns_of(told.queries))
    runs = sum(query.runs for query in told.queries.values())
    return blank._replace(
        mask=" ".join(sorted(mask)),
        rows=told.people.total() + told.others or runs,
        fingerprint=fingerprint(told.queries) if told.queries else "",
        subjects=[audit_ids[subject] for subject in told.people if subject in audit_ids] if told.people else None,
    )


def fingerprint(texts: Collection[str]) -> str:
    """Return the SHA-256 of one SQL text; of several, the SHA-256 over their sorted digests. Hex, 64 digits."""
    digests = sorted(hashlib.sha256(text.encode()).hexdigest() for text in texts)
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _columns_of(queries: Mapping[str, Query]) -> set[str]:
    named = _readable()
    return {named[column] for query in queries.values() for column in query.columns if column in named}


def readable_tables(columns: Collection[tuple[str, str]]) -> set[str]:
    """Return the tables of those columns that are no ciphertext."""
    return {column[0] for column in columns if column in _readable()}


@cache
def _readable() -> Mapping[tuple[str, str], str]:
    """(table, column) in lower case -> `accounts.Member.email`, of gated columns that are no ciphertext."""
    sealed = declarations.sealed_columns()
    return {
        (model._meta.db_table.lower(), str(column.column).lower()): f"{model._meta.label}.{column.name}"
        for model in apps.get_models(include_auto_created=True)
        for column in model._meta.local_concrete_fields
        if column.column in declarations.gated_columns().get(model._meta.db_table, {})
        and column.column not in sealed.get(model._meta.db_table, {})
    }
