"""Mail addresses at rest: the column holds a blind index, and beside it the address is sealed for its owner.

`row.email` reads and writes the clear address as ever; `filter(email=…)`, `iexact` and `in` find by the index; `unique`
and other constraints hold, since one address has one index. Nothing else can be asked of the database.
Source: docs/decisions/0011-mail-addresses-by-blind-index.md.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.migrations.operations.base import Operation
from django.db.models.query_utils import DeferredAttribute

from vasistas.guard import keyring
from vasistas.guard.sealed import SealedRow, SealedText, SealMisused

INDEX_KEY = "blind.login"  # never the key of the suppression list: the two cannot be compared
SUPPRESSION_KEY = "blind.suppression"
ADDRESS_CHARS_MAX = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets

if TYPE_CHECKING:
    _Email = models.EmailField[Any, Any]  # generic in the stubs alone
else:
    _Email = models.EmailField


class Index(str):
    """What the column holds in place of an address: 32 hex digits."""

    __slots__ = ()


def normalised(address: str) -> str:
    """As addresses are stored and compared: without spaces around, in lower case. The domain's spelling is kept."""
    return address.strip().lower()


def index_of(address: str) -> Index:
    """The blind index of an address; the same for every case of its letters."""
    return Index(keyring.blind(INDEX_KEY, normalised(address)))


def suppression_index(channel: str, address: str) -> str:
    """The blind index by which the list of suppressed addresses knows one; 32 hex digits. channel: mail, sms."""
    return keyring.blind(SUPPRESSION_KEY, f"{channel}:{normalised(address)}")


class _Attribute(DeferredAttribute):
    """`row.email`: what was assigned, or else the sealed address, opened at each reading."""

    field: "AddressField"

    def __get__(self, instance: Any, cls: type[models.Model] | None = None) -> Any:
        value = super().__get__(instance, cls)
        return getattr(instance, self.field.sealed_in) if isinstance(value, Index) else value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class AddressField(_Email):
    """A mail address, found by its index. Stands on an AddressRow, beside the SealedAddress that `sealed_in` names.

    Raises: SealMisused: a look-up that an index cannot answer, or update(email=…), which would leave the seal behind.
    """

    descriptor_class = _Attribute
    LOOKUPS: Mapping[str, str] = {"exact": "exact", "iexact": "exact", "in": "in", "isnull": "isnull"}

    def __init__(self, *args: Any, sealed_in: str = "email_sealed", **kwargs: Any) -> None:
        self.sealed_in = sealed_in
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "sealed_in": self.sealed_in}

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Index | None:
        return None if value is None else Index(value)

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, Index) else index_of(str(value))

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if value is not None and not isinstance(value, Index):
            raise SealMisused(f"{self} is sealed for each owner: assign it to the row and save() that.")
        return super().get_db_prep_save(value, connection)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in self.LOOKUPS:
            raise SealMisused(f"{self} is stored as a blind index: it is found whole, by exact, iexact or in.")
        return super().get_lookup(self.LOOKUPS[lookup_name])

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: ARG002, FBT001 — Django's signature
        part(model_instance, self)
        return model_instance.__dict__[self.attname]

    def value_from_object(self, obj: models.Model) -> Any:
        """The index, for dumps and forms; never the address."""
        held = obj.__dict__.get(self.attname)
        if held and not isinstance(held, Index):
            raise SealMisused(f"{self} of an unsaved row is plain text and is not written out. Save the row first.")
        return held


class SealedAddress(SealedText):
    """The address itself, sealed for the owner of the row; read and written through the AddressField named `of`."""

    def __init__(self, *args: Any, of: str = "email", **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **{"key_class": "identity", "chars_max": ADDRESS_CHARS_MAX, **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 — Django's signature
        part(model_instance, model_instance._meta.get_field(self.of))
        return super().pre_save(model_instance, add)


def part(row: models.Model, field: Any) -> None:
    """Part an assigned address into the index, which stays, and the text that the field beside it will seal."""
    held = row.__dict__.get(field.attname, "")
    if held is not None and not isinstance(held, Index):
        row.__dict__[field.sealed_in] = normalised(str(held))
        row.__dict__[field.attname] = index_of(str(held))


class AddressRow(SealedRow):
    """A row with an AddressField `email` and its SealedAddress `email_sealed`, which are written together."""

    class Meta:
        abstract = True

    def __getstate__(self) -> Any:
        self._meta.get_field("email").value_from_object(self)  # type: ignore[union-attr]  # a column; refuses plain text
        return super().__getstate__()

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is not None and "email" in (names := set(update_fields)):
            update_fields = names | {"email_sealed"}  # allauth names the one it knows
        super().save(update_fields=update_fields, **kwargs)

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """As in Django; the address comes back closed."""
        wanted = None if fields is None else set(fields)
        if "email" not in (self.__dict__ if wanted is None else wanted):
            return super().refresh_from_db(using=using, fields=wanted, from_queryset=from_queryset)
        self.__dict__.pop("email", None)
        others = None if wanted is None else (wanted - {"email"}) | {"email_sealed"}
        super().refresh_from_db(using=using, fields=others, from_queryset=from_queryset)
        row: models.QuerySet[Any] = models.QuerySet(type(self), using=using or self._state.db).filter(pk=self.pk)
        self.__dict__["email"] = row.values_list("email", flat=True).get()
        return None


# -- The library's own table of addresses ------------------------------------------------------------------------------


class _Grafted(AddressField):
    """An EmailField of somebody else's model that became an AddressField: their migrations go on as they are."""

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        kwargs.pop("sealed_in")
        return name, "django.db.models.EmailField", args, kwargs


def graft(model: type[models.Model]) -> None:
    """Let the `email` of a library's model rest as ours does: index in its column, sealed beside it. Once, when ready.

    The columns `email_sealed` and `row_key` come by a migration of ours, with `InApp`.
    """
    model.__bases__ = (AddressRow,)
    field: Any = model._meta.get_field("email")
    field.__class__ = _Grafted
    field.sealed_in = "email_sealed"
    model.email = _Attribute(field)  # type: ignore[attr-defined]  # the model is the library's
    model.add_to_class("row_key", models.UUIDField(default=uuid.uuid4, editable=False))
    model.add_to_class("email_sealed", SealedAddress())


class InApp(Operation):
    """A schema operation of one of our migrations on a table of a library's app."""

    def __init__(self, app: str, operation: Operation) -> None:
        self.app, self.operation = app, operation

    @property
    def reversible(self) -> bool:  # type: ignore[override]  # a class attribute in Django, which only reads it
        return self.operation.reversible

    @property
    def atomic(self) -> bool:  # type: ignore[override]  # see above
        return self.operation.atomic

    def state_forwards(self, _label: str, state: Any) -> None:
        self.operation.state_forwards(self.app, state)

    def database_forwards(self, _label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.operation.database_forwards(self.app, schema_editor, from_state, to_state)

    def database_backwards(self, _label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self.operation.database_backwards(self.app, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"{self.operation.describe()} (of {self.app})"

    def references_model(self, name: str, _label: str) -> bool:
        return self.operation.references_model(name, self.app)
