"""Which rows belong to a subject, and in which order they go: read off the declarations, never listed by hand."""

import graphlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from vasistas.guard import declarations
from vasistas.guard.declarations import SUBJECT_LABEL, FoundBy


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
