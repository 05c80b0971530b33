"""Which rows belong to a subject, and in which order they go: read off the declarations, never listed by hand."""

import graphlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models

from vasistas.guard import declarations
from vasistas.guard.declarations import SUBJECT_LABEL, FoundBy

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """The rows of one model that belong to a subject."""

    model: type[models.Model]
    path: str

    def rows(self, subject_id: int) -> "models.QuerySet[Any]":
        return self.model._base_manager.filter(**{self.path: subject_id})  # noqa: SLF001 — documented by Django


def plan() -> list[Step]:
    """Every model whose rows belong to a subject, those that point at others first; the subject's own row is not in it.

    Models found by other means than a path (`found_by`) are erased by their own expiry: see their declaration.
    """
    paths = dict(_paths())
    order = graphlib.TopologicalSorter({model: _pointed_at_by(model, set(paths)) for model in paths})
    return [Step(model, paths[model]) for model in order.static_order()]


def _paths() -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models(include_auto_created=True):
        declared = declarations.declarations().get(model._meta.label)
        if declared is None or declared.subject is None or isinstance(declared.subject, FoundBy):
            continue
        if model._meta.label != SUBJECT_LABEL:
            yield model, declared.subject


def _pointed_at_by(model: type[models.Model], among: set[type[models.Model]]) -> set[type[models.Model]]:
    """The models with a foreign key to this one: their rows go first, or the database would refuse."""
    relations = [one for one in model._meta.get_fields(include_hidden=True) if one.auto_created and not one.concrete]
    pointing = {relation.related_model for relation in relations}
    return {one for one in pointing if isinstance(one, type) and one in among and one is not model}


# -- What other parts do when somebody is erased -----------------------------------------------------------------------

# Takes the subject's number and the moment, and may run many times: a repeat does nothing more. `stop` runs behind the
# fence, while keys and rows are still there: media, sockets, sessions, files. What raises is tried again until it does
# not; no row goes before.
type Stop = Callable[[int, datetime], None]

# What a law keeps of somebody, asked after `stop` and before keys and rows go: {"what": model, "rows": count,
# "statute": law, "until": day}, or None.
type Keep = Callable[[int], dict[str, Any] | None]

_stop: dict[str, Stop] = {}
_keep: dict[str, Keep] = {}


def wire(*, stop: Mapping[str, Stop], keep: Mapping[str, Keep] | None = None) -> None:
    """Replace what is done beside keys and rows. Called once, by `vasistas.config`."""
    _stop.clear()
    _stop.update(stop)
    _keep.clear()
    _keep.update(keep or {})


def kept(subject_id: int) -> list[dict[str, Any]]:
    """What stays of somebody by law, and until when. Source: GDPR Art. 17(3)(b)."""
    return [found for keep in _keep.values() if (found := keep(subject_id)) is not None]


def stop(subject_id: int, at: datetime) -> list[str]:
    """End all that runs for somebody; return the names of those that failed."""
    failed = []
    for name, act in _stop.items():
        try:
            act(subject_id, at)
        except Exception as error:  # noqa: BLE001 — one that is away for a moment must not keep a key alive
            logger.error("erasure.act_failed act=%s error=%s", name, type(error).__name__)  # noqa: TRY400 — a traceback could name the person
            failed.append(name)
    return failed


def categories_of(rows: Mapping[str, int]) -> dict[str, int]:
    """Of how many rows (by model) each category held something: category -> rows."""
    counts: dict[str, int] = {}
    for label, count in rows.items():
        declaration = declarations.declarations().get(label)
        for category in declaration.categories if declaration else ():
            counts[category] = counts.get(category, 0) + count
    return dict(sorted(counts.items()))


def pointing_at(step: Step) -> list[Step]:
    """Rows of anybody that go with these rows by cascade, farthest first, so that they can go before, in batches."""
    found: list[Step] = []
    for relation in step.model._meta.related_objects:
        near, column = relation.related_model, relation.field
        if not isinstance(near, type) or near is step.model or relation.on_delete is not models.CASCADE:
            continue
        one = Step(near, f"{column.name}__{step.path}")
        found += [*pointing_at(one), one]
    return found
