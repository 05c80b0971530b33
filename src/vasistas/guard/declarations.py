"""What each model field holds: declared beside the model, complete or the build fails.

The declarations are the one source of the category list and, as the product grows, of export, erasure, retention and
the record of processing activities (GDPR Art. 30). A field is one of three things:

`personal(category, keep)`: about a person. `not_personal(reason)`: about nobody. `derived(source)`: computed from other
fields, and as personal as they are. Sealed fields arrive with the keyring.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import models

SUBJECT_LABEL = "privacy.Subject"  # where every path ends; named, not imported: guard knows no app
CATEGORY = re.compile(r"[a-z]+(\.[a-z][a-z_]*)+")


@dataclass(frozen=True)
class Personal:
    """category: dotted key of a data category (`user.contact.email`). keep: retention in words and days."""

    category: str
    keep: str


@dataclass(frozen=True)
class NotPersonal:
    reason: str


@dataclass(frozen=True)
class Derived:
    source: str


@dataclass(frozen=True)
class FoundBy:
    """No look-up path leads from the row to its subject; `how` says how code finds it."""

    how: str


type Declared = Personal | NotPersonal | Derived
type Path = str | FoundBy | None


@dataclass(frozen=True)
class Declaration:
    """fields: field name -> what it holds. subject: the look-up path from a row to its `privacy.Subject`
    (`"member__subject"`, `"self"` for the subject itself), `found_by(…)`, or None where no field is personal.
    """

    fields: Mapping[str, Declared]
    subject: Path


_declarations: dict[str, Declaration] = {}


def personal(category: str, *, keep: str) -> Personal:
    return Personal(category, keep)


def not_personal(reason: str) -> NotPersonal:
    return NotPersonal(reason)


def derived(source: str) -> Derived:
    return Derived(source)


def found_by(how: str) -> FoundBy:
    return FoundBy(how)


def declare(label: str, subject: Path, /, **fields: Declared) -> None:
    """Declare every concrete field of one model: its label (`rooms.Room`), the path to its subject, its fields.

    A primary key that is a plain number or UUID is declared for you.
    Raises: ValueError: the model is declared twice; the second would hide the first.
    """
    if label in _declarations and _declarations[label] != Declaration(fields, subject):
        raise ValueError(f"{label} is declared twice, with different words. Keep one.")
    _declarations[label] = Declaration(fields, subject)


def declarations() -> Mapping[str, Declaration]:
    return _declarations


@checks.register("privacy")
def check_every_field_is_declared(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse what is undeclared, declared without need, declared without words, or without a way to its person."""
    found: list[checks.CheckMessage] = []
    labels = set()
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy:  # a proxy has its parent's fields
            labels.add(model._meta.label)
            found.extend(faults_of(model, _declarations.get(model._meta.label)))
    found.extend(
        checks.Error(f"{label} is declared but is no model.", hint="Remove the declaration.", id="guard.E003")
        for label in sorted(set(_declarations) - labels)
    )
    return found


def faults_of(model: type[models.Model], declaration: Declaration | None) -> Iterator[checks.CheckMessage]:
    """Yield what is wrong with the declaration of one model."""
    if declaration is None:
        yield checks.Error(
            f"{model._meta.label} has no declaration of personal data.",
            hint="Call guard.declarations.declare() beside the model, or in guard/third_party.py.",
            id="guard.E001",
        )
        return
    names = {field.name for field in model._meta.local_concrete_fields if not _is_plain_key(field)}
    for name in sorted(names - set(declaration.fields)):
        yield checks.Error(
            f"{model._meta.label}.{name} is not declared.",
            hint="Say personal(category, keep=…), not_personal(reason) or derived(source).",
            id="guard.E002",
        )
    for name in sorted(set(declaration.fields) - names):
        yield checks.Error(
            f"{model._meta.label}.{name} is declared but does not exist.", hint="Remove it.", id="guard.E003"
        )
    yield from _faults_of_words(model, declaration)
    yield from _faults_of_path(model, declaration)


def _is_plain_key(field: "models.Field[Any, Any]") -> bool:
    is_parent_link = bool(field.remote_field and getattr(field.remote_field, "parent_link", False))
    return field.primary_key and (isinstance(field, models.AutoField | models.UUIDField) or is_parent_link)


def _faults_of_words(model: type[models.Model], declaration: Declaration) -> Iterator[checks.CheckMessage]:
    for name, held in declaration.fields.items():
        match held:
            case Personal(category, keep):
                is_said = bool(CATEGORY.fullmatch(category) and keep.strip())
            case NotPersonal(words) | Derived(words):
                is_said = bool(words.strip())
        if not is_said:
            yield checks.Error(
                f"{model._meta.label}.{name} is declared without words.",
                hint="Give a category like user.contact.email and how long it is kept, or the reason, or the source.",
                id="guard.E005",
            )


def _faults_of_path(model: type[models.Model], declaration: Declaration) -> Iterator[checks.CheckMessage]:
    is_personal = any(isinstance(held, Personal) for held in declaration.fields.values())
    if declaration.subject is None and is_personal:
        yield checks.Error(
            f"{model._meta.label} holds personal data but names no path to a subject.",
            hint="Give as second argument the look-up path from a row to its privacy.Subject.",
            id="guard.E004",
        )
    elif isinstance(declaration.subject, str) and not _leads_to_a_subject(model, declaration.subject):
        yield checks.Error(
            f"{model._meta.label}: the path {declaration.subject!r} does not lead to a {SUBJECT_LABEL}.",
            hint="Name the fields from a row to its subject, joined by two underscores; or found_by(how).",
            id="guard.E006",
        )


def _leads_to_a_subject(model: type[models.Model], path: str) -> bool:
    if path == "self":
        return model._meta.label == SUBJECT_LABEL
    here: Any = model
    for name in path.split("__"):
        try:
            here = here._meta.get_field(name).related_model
        except FieldDoesNotExist:
            return False
        if here is None:
            return False
    return bool(here._meta.label == SUBJECT_LABEL)
