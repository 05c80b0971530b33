"""Text that rests as ciphertext under its person's own key, and is opened only for a purpose that allows it.

An attribute holds what the database holds: ciphertext after loading and after saving, plain text between assigning and
saving. Each reading opens it anew, so that each is checked and noted under the purpose in force. Details and the form
of a value: docs/guard/seals.md.
"""

import functools
import os
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Never
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.core import checks, validators
from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.db.models import Case, Value
from django.db.models.functions import Cast
from django.db.models.query_utils import DeferredAttribute

from vasistas.guard import declarations, gate, keyring, purposes, subjects
from vasistas.lib.errors import DomainError

VERSION = 1
_VERSION = bytes([VERSION])
ID_FROM, ID_TO, NONCE_TO, BYTES_MIN = 1, 17, 29, 45  # version 1 | key id 16 | nonce 12 | ciphertext and tag, 16 or more
SITE_HANDLE = UUID("73697465-0000-8000-8000-000000000000")  # of the site's own data keys (RFC 9562, version 8)

if TYPE_CHECKING:
    _Binary = models.BinaryField[Any, Any]  # generic in the stubs alone
else:
    _Binary = models.BinaryField


class SealedGone(DomainError):  # noqa: N818 — see lib.errors
    """The person's keys were destroyed: what they sealed is gone for good. `is_gone()` tells beforehand."""

    status = 410
    code = "sealed_gone"


class SealedBroken(keyring.KeyringFault):
    """A value does not open: it was changed, cut short, or moved from another row, person or column."""


class SealMisused(purposes.GuardError):
    """Code asked of a sealed field what it cannot give: searching, computing, or plain text where a seal must be."""


class Sealed(bytes):
    """Ciphertext that came from `SealedText.seal` or from the database; shows nothing of itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<sealed>"

    __str__ = __repr__


class _Place(NamedTuple):
    """Where a field stands. prefix: of the associated data. owner: attribute of the row that names its owner."""

    category: str
    prefix: bytes
    owner: str
    is_subject: bool


class SealedAttribute(DeferredAttribute):
    """Opens on reading, keeps what is assigned. A data descriptor: the instance's own value never bypasses it."""

    field: "SealedText"

    def __init__(self, field: "SealedText") -> None:
        super().__init__(field)
        self._name: str = field.attname  # at hand: set for every row that is loaded

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        if instance is None:
            return self
        try:
            value = instance.__dict__[self._name]
        except KeyError:
            super().__get__(instance, cls)  # deferred: loads it
            value = instance.__dict__[self._name]
        is_closed = isinstance(value, bytes) and not self.field.is_plain(value)
        return self.field.open(instance, value) if is_closed else value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self._name] = value if type(value) is not memoryview else bytes(value)


class SealedText(_Binary):
    """A text column sealed with its person's key of `key_class`; "" and None are stored as they are.

    Stands on a `SealedRow`. Can be loaded, opened, assigned and asked `isnull`; not searched, ordered or computed with.
    chars_max: code points of the plain text.
    """

    descriptor_class = SealedAttribute
    description = "Text sealed with its person's own key"
    unit = "characters"

    def __init__(self, *args: Any, key_class: str, chars_max: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key_class = key_class
        self.chars_max = chars_max
        self.validators.append(validators.MaxLengthValidator(chars_max))

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "key_class": self.key_class, "chars_max": self.chars_max}

    # -- Opening and sealing ------------------------------------------------------------------------------------------

    @functools.cached_property
    def place(self) -> _Place:
        declaration = declarations.of(self.model)
        held = declaration.personal.get(self.name) if declaration else None
        if declaration is None or held is None or not isinstance(declaration.subject, str):
            raise SealMisused(f"{self} is not declared sealed(…), with a path from its row to a subject.")
        table, first = self.model._meta.db_table, declaration.subject.split("__")[0]
        is_subject = first == "self"
        owner = "key_handle" if is_subject else f"{first}_id"
        prefix = f"vasistas\x1f{table}\x1f{self.column}\x1f{self.key_class}\x1f".encode()
        return _Place(held.category, prefix, owner, is_subject)

    def is_plain(self, value: Any) -> bool:
        """Whether an attribute's value was assigned and not saved yet."""
        return isinstance(value, str)

    def _encoded(self, plain: Any) -> bytes:
        return str(plain).encode()

    def _decoded(self, plain: bytes) -> Any:
        return plain.decode()

    def open(self, row: Any, value: bytes) -> Any:
        """The plain text of a value of this field, for the purpose in force; noted with the read log.

        Raises: PurposeMissing, PurposeRefused. SealedGone: its keys were destroyed. SealedBroken.
        """
        place, frame = self.place, purposes.current()
        if frame is None or place.category not in frame.purpose.categories:
            self._refuse(frame)
        if not value:
            return self._decoded(b"")
        try:
            if len(value) < BYTES_MIN or value[0] != VERSION:
                self._broken(row)
            key_id = value[ID_FROM:ID_TO]
            key = keyring.key_of(key_id)
            plain = key.cipher.decrypt(value[ID_TO:NONCE_TO], value[NONCE_TO:], self._bound(row, key_id))
            text = self._decoded(plain)
        except (InvalidTag, keyring.KeyUnknown, UnicodeDecodeError):
            self._broken(row)
        except keyring.KeyDestroyed:
            raise SealedGone("This was erased together with its author's keys.") from None
        if frame is not None and (recorder := frame.scope.recording()) is not None:
            recorder.note_row(frame, type(row), row, (self.name,))
        return text

    def seal(self, row: Any, text: Any) -> Sealed:
        """Seal `text` for the owner of `row`, whose fence is held until the transaction ends.

        Raises: SubjectGone: the owner is erased, or about to be. NotFenced: no transaction is open.
        """
        self._check_length(text)
        if self.place.is_subject and row._state.adding:  # noqa: SLF001 — documented by Django under this name
            handle = row.key_handle  # nobody can erase whom nobody knows yet
        else:
            handle = subjects.hold(subjects.subject_id_of(row))
        try:
            key = keyring.data_key(handle, self.key_class)
        except keyring.KeyDestroyed:
            raise subjects.SubjectGone from None
        return self.seal_with(key, row, text)

    def _check_length(self, text: Any) -> None:
        if len(text) > self.chars_max:
            raise ValueError(f"{self} takes {self.chars_max} {self.unit}, not {len(text)}.")

    def seal_with(self, key: keyring.DataKey, row: Any, text: Any) -> Sealed:
        nonce = os.urandom(NONCE_TO - ID_TO)
        sealed = key.cipher.encrypt(nonce, self._encoded(text), self._bound(row, key.id))
        return Sealed(b"".join((_VERSION, key.id, nonce, sealed)))

    def _bound(self, row: Any, key_id: bytes) -> bytes:
        """What a value is bound to (AES-GCM's associated data): elsewhere it does not open."""
        place = self.place
        return b"%b%b%b%b" % (place.prefix, row.row_key.bytes, key_id, str(getattr(row, place.owner)).encode())

    def _refuse(self, frame: purposes.Frame | None) -> None:
        column = self.model._meta.db_table.lower(), str(self.column).lower()
        touched = gate.Touched(frozenset({column[0]}), frozenset({column}), frozenset({self.place.category}))
        gate.refuse(touched, frame.purpose if frame else None)

    def _broken(self, row: Any) -> Never:
        raise SealedBroken(
            f"{self} of row {row.pk} does not open: it was changed, cut short or moved here from elsewhere, or its key "
            "is not in this key store. See docs/runbooks/sealed-fields-do-not-open.md."
        ) from None

    # -- The way to the database --------------------------------------------------------------------------------------

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 — Django's signature
        value = model_instance.__dict__.get(self.attname)
        if value and self.is_plain(value):
            value = model_instance.__dict__[self.attname] = self.seal(model_instance, value)
        elif add and isinstance(value, bytes) and value and (len(value) < BYTES_MIN or value[0] != VERSION):
            raise SealMisused(f"{self} was given bytes that are no seal. Assign text.")
        return Sealed(value) if isinstance(value, bytes) else value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002 — Django's signature
        if value is not None and not isinstance(value, Sealed):
            if value not in ("", b""):
                raise SealMisused(
                    f"{self} reaches the database sealed, by save(), bulk_create() or SealedQuerySet.bulk_update(); "
                    'update() sets it to "" or None only.'
                )
            value = b""
        return super().get_db_prep_value(value, connection, prepared)

    def get_default(self) -> Any:
        return super().get_default() or (None if self.null else "")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise SealMisused(
            f"{self} is sealed and cannot be searched by {lookup_name!r}. Find its row by another field, by isnull, or "
            "by a blind index beside it (keyring.blind)."
        )

    def get_transform(self, lookup_name: str) -> Any:
        return self.get_lookup(lookup_name)

    # -- Ways out that must not carry plain text, and must not carry ciphertext as if it were text --------------------

    def to_python(self, value: Any) -> Any:
        return value

    def value_from_object(self, obj: models.Model) -> Any:
        value = obj.__dict__.get(self.attname)
        if value and self.is_plain(value):
            raise SealMisused(f"{self} of an unsaved row is plain text and is not written out. Save the row first.")
        return Sealed(value) if value else value

    def formfield(self, *_args: Any, **_kwargs: Any) -> None:
        return None  # a form shows and takes it by a field of its own

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *self._check_place()]

    def _check_place(self) -> Iterable[checks.CheckMessage]:
        if not issubclass(self.model, SealedRow):
            yield checks.Error(f"{self} stands on a model that is no SealedRow.", hint="Inherit it.", id="guard.E030")
        if self.unique or getattr(self, "db_index", False):
            yield checks.Error(
                f"{self} cannot be indexed: each sealing differs.", hint="Index a keyring.blind().", id="guard.E031"
            )
        declaration = declarations.of(self.model)
        held = declaration.fields.get(self.name) if declaration else None
        if isinstance(held, declarations.Sealed) and held.key_class != self.key_class:
            yield checks.Error(
                f"{self} is sealed with the class {self.key_class!r} and declared with {held.key_class!r}.",
                hint="Say the same in both.",
                id="guard.E032",
            )


class SiteSealedText(SealedText):
    """A text sealed with a key of the site, not of a person: what a law makes the operator keep is read after its
    person was erased, and goes by its own retention alone. For nothing else: no erasure shreds it.
    """

    @functools.cached_property
    def place(self) -> _Place:
        declaration = declarations.of(self.model)
        held = declaration.personal.get(self.name) if declaration else None
        if held is None:
            raise SealMisused(f"{self} is not declared sealed(…).")
        prefix = f"vasistas\x1f{self.model._meta.db_table}\x1f{self.column}\x1fsite\x1f".encode()
        return _Place(held.category, prefix, "row_key", is_subject=False)

    def seal(self, row: Any, text: Any) -> Sealed:
        """Seal `text` for the site; no fence is asked. Raises: RootKeyFault."""
        self._check_length(text)
        return self.seal_with(keyring.data_key(SITE_HANDLE, self.key_class), row, text)


class SealedQuerySet[Row: models.Model](models.QuerySet[Row]):
    """A query set that can also update sealed fields, row by row."""

    def bulk_update(self, objs: Iterable[Row], fields: Iterable[str], batch_size: int | None = None) -> int:
        rows, names = tuple(objs), list(fields)
        sealed = [one for name in names if isinstance(one := self.model._meta.get_field(name), SealedText)]
        if not sealed:
            return super().bulk_update(rows, names, batch_size)
        with transaction.atomic(using=self.db, savepoint=False):
            ready = [(row.__dict__, field, field.pre_save(row, add=False)) for row in rows for field in sealed]
            try:
                for held, field, value in ready:  # as expressions they pass Django's getattr() unopened
                    held[field.attname] = Value(value, output_field=field)
                return super().bulk_update(rows, names, batch_size)
            finally:
                for held, field, value in ready:
                    held[field.attname] = value

    def update(self, **kwargs: Any) -> int:
        for name, value in kwargs.items():
            if hasattr(value, "resolve_expression") and not isinstance(value, Case | Cast):  # those of bulk_update()
                field = self.model._meta.get_field(name)
                if isinstance(field, SealedText):
                    raise SealMisused(f"{field} cannot be computed by the database. Assign and save() each row.")
        return super().update(**kwargs)


class SealedRow(models.Model):
    """A model with sealed fields. `row_key` binds them to their row; declare it not_personal."""

    row_key = models.UUIDField(default=uuid.uuid4, editable=False)

    objects = SealedQuerySet.as_manager()

    class Meta:
        abstract = True

    def __getstate__(self) -> Any:
        for field in sealed_fields(type(self)):
            field.value_from_object(self)  # refuses plain text
        return super().__getstate__()

    def save_base(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic(using=kwargs.get("using") or DEFAULT_DB_ALIAS, savepoint=False):  # holds the fence
            super().save_base(*args, **kwargs)

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """As in Django; sealed fields come back sealed."""
        wanted = None if fields is None else set(fields)
        sealed = [
            one.attname
            for one in sealed_fields(type(self))
            if (one.attname in self.__dict__ if wanted is None else one.attname in wanted)
        ]
        kept = {name: self.__dict__.pop(name) for name in sealed if name in self.__dict__}
        try:
            rest = None if wanted is None else wanted - set(sealed)
            if rest is None or rest:
                super().refresh_from_db(using=using, fields=rest, from_queryset=from_queryset)
            if sealed:
                base = type(self)._base_manager  # noqa: SLF001 — documented by Django under this name
                rows = base.db_manager(using, hints={"instance": self}).filter(pk=self.pk)
                kept = dict(zip(sealed, rows.values_list(*sealed).get(), strict=True))
        finally:
            for name, value in kept.items():
                setattr(self, name, value)


@functools.cache
def sealed_fields(model: type[models.Model]) -> tuple[SealedText, ...]:
    return tuple(field for field in model._meta.concrete_fields if isinstance(field, SealedText))


def preload(rows: Iterable[models.Model], *names: str) -> None:
    """Fetch the keys of the sealed fields `names` of many rows by one query, before they are opened one by one."""
    values = (row.__dict__.get(name) for row in rows for name in names)
    keyring.preload({value[ID_FROM:ID_TO] for value in values if isinstance(value, bytes) and len(value) >= BYTES_MIN})


def openable[Row: models.Model](rows: Iterable[Row], *names: str) -> list[Row]:
    """The rows of a page, their keys at hand by one query, without those whose person is just being erased."""
    found = list(rows)
    preload(found, *names)
    return [row for row in found if not any(is_gone(row, name) for name in names)]


def is_gone(row: models.Model, name: str) -> bool:
    """Whether the keys of a sealed field were destroyed. Opens nothing; needs no purpose."""
    value = row.__dict__.get(name)
    if not isinstance(value, bytes) or len(value) < BYTES_MIN:
        return False
    try:
        keyring.key_of(value[ID_FROM:ID_TO])
    except keyring.KeyDestroyed:
        return True
    except keyring.KeyUnknown:
        pass  # broken, not gone: opening it tells
    return False
