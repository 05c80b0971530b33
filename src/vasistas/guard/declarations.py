"""What each model field holds: declared beside the model, complete or the build fails.

The declarations are the one source of the category list, the record of processing activities (GDPR Art. 30), export,
erasure, retention, the masks of the read log and the data map. A field is one of four things:

`personal(category, keep)`: about a person. `sealed(category, keep)`: the same, and stored as ciphertext under that
person's own key. `not_personal(reason)`: about nobody. `derived(source)`: computed from other fields, and as personal
as they are. `keep` names a rule of [retention] in policy/policy.toml.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from vasistas.guard.policy import get_policy
from vasistas.guard.policy.faults import PolicyRefused, nearest

SUBJECT_LABEL = "privacy.Subject"  # where every path ends; named, not imported: guard knows no app
KEY_CLASSES = ("identity", "communications", "support", "media")  # one data key for each, per subject


@dataclass(frozen=True)
class Personal:
    """category: key of a data category (`user.contact.email`). keep: key of a retention rule (`account_life`).

    schema: of a JSON field, each key of its objects -> what stands there.
    """

    category: str
    keep: str
    schema: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Sealed(Personal):
    """Personal, and unreadable without the subject's key of `key_class`. Its field is a guard.sealed.SealedText."""

    key_class: str = ""


@dataclass(frozen=True)
class NotPersonal:
    reason: str


@dataclass(frozen=True)
class Derived:
    """source: words; where they begin with the name of a field beside it ("display_name", "email_sealed: …"), the gate
    asks for that field's category.
    """

    source: str


@dataclass(frozen=True)
class FoundBy:
    """No look-up path leads from the row to its subject; `how` says how code finds it."""

    how: str


type Declared = Personal | NotPersonal | Derived  # a Sealed is a Personal
type Path = str | FoundBy | None
type Columns = Mapping[str, Mapping[str, str]]  # table -> column of the database -> category


@dataclass(frozen=True)
class Declaration:
    """fields: field name -> what it holds. subject: the look-up path from a row to its `privacy.Subject`
    (`"member__subject"`, `"self"` for the subject itself), `found_by(…)`, or None where no field is personal.
    """

    fields: Mapping[str, Declared]
    subject: Path

    @property
    def personal(self) -> Mapping[str, Personal]:
        """The personal fields alone, the sealed ones among them."""
        return {name: held for name, held in self.fields.items() if isinstance(held, Personal)}

    @property
    def categories(self) -> frozenset[str]:
        """What its personal fields hold."""
        return frozenset(held.category for held in self.personal.values())


_declarations: dict[str, Declaration] = {}


def personal(category: str, *, keep: str, schema: Mapping[str, str] | None = None) -> Personal:
    return Personal(category, keep, schema)


def sealed(category: str, *, keep: str, key_class: str) -> Sealed:
    return Sealed(category, keep, key_class=key_class)


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
    for computed in (personal_columns, sealed_columns, gated_columns):
        computed.cache_clear()


def declarations() -> Mapping[str, Declaration]:
    return _declarations


def of(model: type[models.Model]) -> Declaration | None:
    """Return what `model` holds, or None when nobody declared it.

    A proxy has its parent's declaration; a model that inherits a table has its parents' fields too.
    """
    concrete = model._meta.concrete_model or model
    own = _declarations.get(concrete._meta.label)
    parents = [found for parent in concrete._meta.parents if (found := of(parent)) is not None]
    if own is None or not parents:
        return own
    fields = {name: held for parent in parents for name, held in parent.fields.items()}
    subject = own.subject or next((parent.subject for parent in parents if parent.subject), None)
    return Declaration({**fields, **own.fields}, subject)


@functools.cache
def personal_columns() -> Columns:
    """Every personal column of the database, sealed ones among them; computed once, when all models are loaded.

    Tables of inherited models and of many-to-many fields are tables like any other. Tables without one do not appear.
    """
    return _columns_of(Personal)


@functools.cache
def sealed_columns() -> Columns:
    """Those of `personal_columns()` that hold ciphertext under the subject's key."""
    return _columns_of(Sealed)


@functools.cache
def gated_columns() -> Columns:
    """`personal_columns()`, and those derived from one of them: who may ask a blind index knows the address."""
    return _columns_of(Personal, Derived)


def _columns_of(*kinds: type[Personal] | type[Derived]) -> Columns:
    columns: dict[str, dict[str, str]] = {}
    for model in apps.get_models(include_auto_created=True):
        declaration = _declarations.get(model._meta.label)
        if declaration is None or model._meta.proxy:
            continue
        for field in model._meta.local_concrete_fields:
            held = declaration.fields.get(field.name)
            if isinstance(held, kinds):
                source = declaration.fields.get(held.source.partition(":")[0]) if isinstance(held, Derived) else held
                if isinstance(source, Personal):
                    columns.setdefault(model._meta.db_table, {})[str(field.column)] = source.category
    return columns


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
        where = f"{model._meta.label}.{name}"
        match held:
            case Personal():
                yield from _faults_of_keys(where, held)
                yield from _faults_of_form(where, model, name, held)
            case NotPersonal(words) | Derived(words):
                if not words.strip():
                    yield checks.Error(
                        f"{where} is declared without words.", hint="Give the reason, or the source.", id="guard.E005"
                    )


def _faults_of_keys(where: str, held: Personal) -> Iterator[checks.CheckMessage]:
    try:
        policy = get_policy()
    except PolicyRefused:
        return  # told by its own check; without a policy no key is known
    if held.category not in policy.categories:
        yield checks.Error(
            f"{where}: the policy has no category {held.category!r}.",
            hint=f"{nearest(held.category, policy.categories)} Or add it to [categories] of policy/policy.toml.",
            id="guard.E007",
        )
    if held.keep not in policy.retention:
        yield checks.Error(
            f"{where}: the policy has no retention rule {held.keep!r}.",
            hint=f"{nearest(held.keep, policy.retention)} Or add it to [retention] of policy/policy.toml.",
            id="guard.E008",
        )


def _faults_of_form(where: str, model: type[models.Model], name: str, held: Personal) -> Iterator[checks.CheckMessage]:
    field = next((one for one in model._meta.local_concrete_fields if one.name == name), None)
    if isinstance(field, models.JSONField) and not held.schema:
        yield checks.Error(
            f"{where} is JSON without a schema: nobody can tell what it holds.",
            hint="Say personal(…, schema={key: what stands there}).",
            id="guard.E009",
        )
    if isinstance(held, Sealed) != _is_sealed(field):
        yield checks.Error(
            f"{where}: a field is declared sealed if, and only if, it is a guard.sealed.SealedText.",
            hint="Make the field a SealedText and declare it sealed(category, keep=…, key_class=…), or neither.",
            id="guard.E010",
        )
    if isinstance(held, Sealed) and held.key_class not in KEY_CLASSES:
        yield checks.Error(
            f"{where}: there is no class of keys {held.key_class!r}.",
            hint=nearest(held.key_class, KEY_CLASSES),
            id="guard.E011",
        )


def _is_sealed(field: "models.Field[Any, Any] | None") -> bool:
    try:
        seals = import_module("vasistas.guard.sealed")  # late: it imports this module
    except ModuleNotFoundError:
        return False
    return isinstance(field, seals.SealedText)


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
