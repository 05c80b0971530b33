"""All that is held about one person as one archive: JSON lines with their schemas, a page to read, reads, recipients.

Written as it is read: never more than ROWS_AT_ONCE rows and the ends of each table are in memory. Rows that come or go
meanwhile may be in it or not; what is counted is what was written.
"""

import contextvars
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from django.db import models
from django.template.loader import render_to_string

from vasistas.guard import purposes
from vasistas.guard.declarations import NotPersonal
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Policy, Words
from vasistas.guard.purposes import Actor, processing
from vasistas.guard.reads import queries as reads
from vasistas.guard.rights import held
from vasistas.guard.rights.bag import Bag

READS_MAX = 100_000  # newest entries of the read log
ROWS_ON_THE_PAGE = 100  # latest rows of each table in index.html; the JSON lines have all
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES: dict[type[Any], str] = {
    models.BooleanField: "boolean",
    models.FloatField: "number",
    models.JSONField: "object",
    models.IntegerField: "integer",
}
_encode = msgspec.json.Encoder().encode


@dataclass
class Written:
    """One table as it stands in the archive. latest: what index.html shows of it, newest first."""

    table: held.Table
    count: int = 0
    latest: deque[held.Row] = field(default_factory=lambda: deque(maxlen=ROWS_ON_THE_PAGE))

    @property
    def rows(self) -> list[list[Any]]:
        return [list(row.values()) for row in reversed(self.latest)]

    @property
    def columns(self) -> list[str]:
        return list(self.latest[-1]) if self.latest else []


def stream(subject_id: int, *, at: datetime, language: str, done: Callable[[], None] | None = None) -> Iterator[bytes]:
    """Yield the archive of one person piece by piece, the first before anything is read. `done` is called when all of
    it is written, before the last piece leaves.

    States its own purpose, in the person's name and in a context of its own: it runs after the request it answers.
    """
    context = contextvars.copy_context()
    pieces = context.run(_stated, subject_id, at, language, done)
    try:
        while (piece := context.run(next, pieces, None)) is not None:
            yield piece
    finally:
        context.run(pieces.close)


def _stated(subject_id: int, at: datetime, language: str, done: Callable[[], None] | None) -> Generator[bytes]:
    actor = Actor("member", subject_id)
    with purposes.scope(lambda: actor), processing("rights", reason="export"):
        yield from _pieces(subject_id, at, language, done)


def _pieces(subject_id: int, at: datetime, language: str, done: Callable[[], None] | None) -> Generator[bytes]:
    policy = get_policy()
    bag = Bag(f"vasistas-{at:%Y-%m-%d}", at)
    yield bag.take()
    every = [Written(table) for table in held.tables()]
    for written in every:
        bag.add(f"{written.table.label}.schema.json", _encode(schema_of(written.table, policy, language)))
        with bag.file(f"{written.table.label}.jsonl") as write:
            for rows in written.table.batches(subject_id):
                write(b"".join(_encode(row) + b"\n" for row in rows))
                written.count += len(rows)
                written.latest.extend(rows)
                yield bag.take()
    read = reads.reads_of(subject_id, limit=READS_MAX)
    bag.add("reads.jsonl", b"".join(_encode(asdict(one)) + b"\n" for one in read))
    yield bag.take()
    for name, rows in _register(policy, language).items():
        bag.add(f"{name}.jsonl", b"".join(_encode(row) + b"\n" for row in rows))
    counts = {written.table.label: written.count for written in every}
    bag.add("counts.json", _encode({"tables": counts, "reads": len(read)}))
    context = {"every": every, "reads": read, "at": at, "policy": policy, "lang": language}
    bag.add("index.html", render_to_string("pages/account/archive.html", context).encode())
    bag.close()
    if done is not None:
        done()
    yield bag.take()


def schema_of(table: held.Table, policy: Policy, language: str) -> dict[str, Any]:
    """Return the JSON Schema of one line of a table."""
    properties: dict[str, Any] = {}
    if table.model._meta.pk.name not in table.fields:
        properties["id"] = {"description": "Its number here."}
    for name, one in table.fields.items():
        category, rule = policy.categories[one.category], policy.retention[one.keep]
        properties[name] = {
            **_type_of(table.column(name)),
            "title": said(category.title, language),
            "description": said(category.words, language),
            "category": one.category,
            "retention": said(rule.words, language),
        }
    for name in table.beside:
        told = table.declaration.fields[name]
        properties[name] = {
            **_type_of(table.column(name)),
            "description": told.reason if isinstance(told, NotPersonal) else "",
        }
    return {
        "$schema": _DIALECT,
        "title": table.title,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _type_of(column: Any) -> dict[str, Any]:
    """A relation is the slug of what it points to, or its number."""
    if column.is_relation:
        return {"type": ["string", "integer", "null"]}
    if isinstance(column, models.DateTimeField):
        return {"type": ["string", "null"], "format": "date-time"}
    if column.model._meta.label == "sessions.Session" and column.name == "session_data":
        return {"type": "object"}
    kind = next((name for one, name in _TYPES.items() if isinstance(column, one)), "string")
    return {"type": [kind, "null"]}


def _register(policy: Policy, language: str) -> dict[str, list[dict[str, Any]]]:
    """Why and to whom, in words: recipients and activities of the policy in force."""
    recipients = [
        {
            "key": one.key,
            "title": said(one.title, language),
            "gets": said(one.words, language),
            "role": str(one.role),
            "country": one.country,
            "instrument": one.instrument,
            "expires": one.expires and one.expires.isoformat(),
            "not_told": said(one.not_told, language) if one.not_told else "",
        }
        for one in policy.recipients.values()
    ]
    activities = [
        {
            "key": one.key,
            "title": said(one.title, language),
            "purpose": said(policy.purposes[one.purpose].words, language),
            "categories": sorted(one.categories),
            "basis": str(one.basis),
            "basis_words": said(one.basis_words, language),
            "recipients": list(one.recipients),
        }
        for one in policy.activities.values()
    ]
    return {"recipients": recipients, "activities": activities}


def said(words: Words, language: str) -> str:
    """Words in this language, or in the first the policy has."""
    return words.get(language) or next(iter(words.values()), "")
