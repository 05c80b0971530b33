"""What each model field holds: declared beside the model, complete or the build fails.

The declarations are the one source of the category list and, as the product grows, of export, erasure, retention and
the record of processing activities (GDPR Art. 30). A field is one of four things:

`personal(category, keep)`: about a person. `not_personal(reason)`: about nobody. `derived(source)`: computed from other
fields, and as personal as they are. Sealed fields arrive with the keyring.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core import checks
from django.db import models


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


type Declared = Personal | NotPersonal | Derived


@dataclass(frozen=True)
class Declaration:
    """fields: field name -> what it holds. subject: the look-up path from a row to its `privacy.Subject`
    (`"member__subject"`, `"self"` for the subject itself), or None where no field is personal."""

    fields: Mapping[str, Declared]
    subject: str | None


_declarations: dict[str, Declaration] = {}


def personal(category: str, *, keep: str) -> Personal:
    return Personal(category, keep)


def not_personal(reason: str) -> NotPersonal:
    return NotPersonal(reason)


def derived(source: str) -> Derived:
    return Derived(source)


def declare(label: str, subject: str | None, /, **fields: Declared) -> None:
    """Declare every concrete field of one model: its label (`rooms.Room`), the path to its subject, its fields.

    The primary key is declared for you.
    """
    _declarations[label] = Declaration(fields, subject)


def declarations() -> Mapping[str, Declaration]:
    return _declarations


@checks.register("privacy")
def check_every_field_is_declared(app_configs: Any, **_kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse an undeclared field, a declaration of no field, and personal fields without a path to a subject."""
    found: list[checks.CheckMessage] = []
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.label
        declaration = _declarations.get(label)
        if declaration is None:
            found.append(
                checks.Error(
                    f"{label} has no declaration of personal data.",
                    hint="Call guard.declarations.declare() beside the model, or in guard/third_party.py.",
                    id="guard.E001",
                )
            )
            continue
        found.extend(_field_faults(model, declaration))
    return found


def _field_faults(model: type[models.Model], declaration: Declaration) -> list[checks.CheckMessage]:
    label = model._meta.label
    names = {field.name for field in model._meta.local_concrete_fields if not field.primary_key}
    faults: list[checks.CheckMessage] = [
        checks.Error(
            f"{label}.{name} is not declared.",
            hint="Say personal(category, keep=…), not_personal(reason) or derived(source).",
            id="guard.E002",
        )
        for name in sorted(names - set(declaration.fields))
    ]
    faults += [
        checks.Error(f"{label}.{name} is declared but does not exist.", hint="Remove it.", id="guard.E003")
        for name in sorted(set(declaration.fields) - names)
    ]
    if declaration.subject is None and any(isinstance(held, Personal) for held in declaration.fields.values()):
        faults.append(
            checks.Error(
                f"{label} holds personal data but names no path to a subject.",
                hint='Give as second argument the look-up path from a row to its privacy.Subject.',
                id="guard.E004",
            )
        )
    return faults
