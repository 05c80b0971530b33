"""Somebody of whom everything is held: one row of every declared model, every personal field filled with a value of its
own. Made from the declarations, so a new model or field is in it by itself.
"""

import datetime as dt
import itertools
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
from django.apps import apps
from django.db import models

from vasistas.apps.accounts.models import Member
from vasistas.apps.bulletins.models import Channel, Suppression
from vasistas.apps.privacy.models import RecipientNotice
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.models import Holder, Kind, TransferKind
from vasistas.apps.wallet.rules import Leg
from vasistas.guard import addresses, declarations, erasure, subjects
from vasistas.guard.addresses import AddressField, SealedAddress
from vasistas.guard.declarations import FoundBy
from vasistas.guard.egress import queries as egress
from vasistas.guard.egress.models import Transfer
from vasistas.guard.rights import held
from vasistas.guard.sealed import SealedText
from vasistas.guard.sealed_bytes import SealedBytes
from vasistas.proof import scene

HOLDER = "wallet.Holder"  # in the words of a declaration: found by the number in the ledger
TOLD_APART = {"reads.Entry", *held.NOBODYS}  # nobody's rows: the read log, and raw mails


@dataclass(frozen=True)
class Filled:
    """One field of one row: what a reader must find of it, as JSON has it. For a relation, what it points to."""

    label: str
    field: str
    value: Any


def fill(member: Member, at: dt.datetime) -> list[Filled]:
    """Write a row of every declared model about `member`, who has none but an account, and return what stands in them.

    The caller states a purpose that allows it, and rolls it back.
    """
    filler = _Filler(member, at)
    filler.settle()
    for step in reversed(erasure.plan()):  # those that others point at first
        filler.row_of(step.model)
    filler.hand_out()
    filler.suppress()
    filler.keep_books()
    return filler.told()


def _is_holders(model: type[models.Model]) -> bool:
    """Whether its rows are found by the number of a `wallet.Holder`."""
    declaration = declarations.of(model)
    path = declaration.subject if declaration else None
    return isinstance(path, FoundBy) and HOLDER in path.how


class _Filler:
    def __init__(self, member: Member, at: dt.datetime) -> None:
        self._member = member
        self._at = at.replace(microsecond=0)
        self._numbers = itertools.count(1)
        self._rows: dict[type[models.Model], models.Model] = {}
        self._session = scene.sign_in(member)

    def settle(self) -> None:
        """The account, its subject and its session are there already."""
        self._member.last_login = self._moment()
        self._member.set_password(secrets.token_urlsafe())
        self._member.save()
        every: list[models.Model] = [self._member, self._member.subject]
        every += self._member.emailaddress_set.all()[:1]  # type: ignore[attr-defined]  # of allauth
        self._rows = {type(row): row for row in every}

    def hand_out(self) -> None:
        """What was handed to a recipient about the member, and what it was told; found by names, not by a path."""
        row = self.row_of(Transfer)
        audit_id = subjects.audit_ids_of([self._member.subject_id])[self._member.subject_id]
        vars(row)["subject"] = audit_id
        row.save()
        notice = self.row_of(RecipientNotice)
        vars(notice)["about"] = egress.known_as(self._member.subject_id, vars(notice)["recipient"])
        notice.save()

    def suppress(self) -> None:
        """The hash of an address is nobody's by itself: it is theirs because the address is."""
        row = self.row_of(Suppression)
        vars(row)["channel"] = str(Channel.MAIL)
        vars(row)["index"] = addresses.suppression_index(Channel.MAIL, str(self._member.email))
        row.save()

    def keep_books(self) -> None:
        """Rows that know the member by their number in the ledger alone."""
        other = wallet.site_account(Kind.PROMOTIONS)
        account = wallet.account_of(self._member.subject_id, Kind.MEMBER, self._words(16))
        amount = next(self._numbers)
        legs = [Leg(account.pk, amount), Leg(other.pk, -amount)]
        words = {"key": self._words(32), "reference": self._words(32)}
        transfer = wallet.post(kind=TransferKind.GIVEN, legs=legs, at=self._moment(), **words)
        account.refresh_from_db()
        entry = transfer.entries.get(account=account)
        self._rows |= {type(row): row for row in (account, transfer, entry)}
        for label in declarations.declarations():
            if _is_holders(model := apps.get_model(label)):
                self.row_of(model)

    def row_of(self, model: type[models.Model]) -> models.Model:
        if model not in self._rows:
            row = model()
            for field in model._meta.concrete_fields:
                if not isinstance(field, models.AutoField | SealedAddress):
                    setattr(row, field.name, self._value(model, field))
            row.save(force_insert=True)
            self._rows[model] = row
        return self._rows[model]

    def _value(self, model: type[models.Model], field: Any) -> Any:
        if field.is_relation:
            return self._far(field)
        if model._meta.label == "usersessions.UserSession" and field.name == "session_key":
            return self._session
        if field.name == "number" and _is_holders(model):
            return vars(self._rows[Holder])["number"]
        if field.choices:
            return field.choices[0][0]
        make = next((made for kind, made in self._makers().items() if isinstance(field, kind)), self._text)
        return make(field)

    def _far(self, field: Any) -> models.Model | None:
        far = field.related_model
        if far in self._rows:
            return self._rows[far]
        if far is field.model or (field.null and _is_holders(far)):  # those are kept in the books, see keep_books
            return None
        declaration = declarations.of(far)
        is_nobodys = declaration is None or declaration.subject is None
        there = far._base_manager.first() if is_nobodys else None  # noqa: SLF001 — documented by Django
        return there or self.row_of(far)

    def _makers(self) -> Mapping[type[Any], Callable[[Any], Any]]:
        """A field's class -> what makes a value of its own; the first that fits."""
        return {
            AddressField: lambda _field: f"canary.{secrets.token_hex(6)}@proof.invalid",
            SealedBytes: lambda field: self._words(field.chars_max).encode(),
            SealedText: lambda field: self._words(field.chars_max),
            models.JSONField: self._object,
            models.UUIDField: lambda _field: uuid.uuid4(),
            models.DateTimeField: lambda _field: self._moment(),
            models.DateField: lambda _field: self._moment().date(),
            models.DurationField: lambda _field: dt.timedelta(seconds=next(self._numbers)),
            models.BooleanField: lambda _field: True,
            models.DecimalField: lambda _field: Decimal(next(self._numbers)),
            models.FloatField: lambda _field: next(self._numbers) / 1000,
            models.IntegerField: self._number,
            models.GenericIPAddressField: lambda _field: f"2001:db8::{next(self._numbers):x}",
            models.BinaryField: lambda _field: secrets.token_bytes(16),
        }

    def _number(self, field: Any) -> int:
        number = next(self._numbers)
        return number % 100 if field.name.endswith("percent") else number

    def _moment(self) -> dt.datetime:
        return self._at - dt.timedelta(seconds=next(self._numbers))

    def _text(self, field: Any) -> str:
        return self._words(field.max_length or 64)

    def _words(self, chars_max: int) -> str:
        return f"canary-{secrets.token_hex(12)}"[-chars_max:]

    def _object(self, field: Any) -> dict[str, str]:
        declaration = declarations.of(field.model)
        held = declaration.personal.get(field.name) if declaration else None
        keys = (held.schema if held else None) or {"*": ""}
        return {key.replace("*", "anything"): self._words(64) for key in keys}

    def told(self) -> list[Filled]:
        """What stands in every personal field, asked of the rows themselves."""
        told = [
            Filled(model._meta.label, name, as_json(_shown(row, model._meta.get_field(name))))
            for model, row in self._rows.items()
            if (declaration := declarations.of(model)) is not None
            for name in declaration.personal
        ]
        return [*told, Filled("sessions.Session", "session_key", self._session)]


def _shown(row: models.Model, field: Any) -> Any:
    if not field.is_relation:
        return getattr(row, field.attname)
    far = getattr(row, field.name)
    return getattr(far, "slug", None) or getattr(row, field.attname)


def as_json(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def unfilled(told: list[Filled]) -> list[str]:
    """Personal fields of which nothing is told: a check that looks at less proves less."""
    there = {(one.label, one.field) for one in told}
    return [
        f"{label}.{name}"
        for label, declaration in declarations.declarations().items()
        for name in declaration.personal
        if label not in TOLD_APART and label != "sessions.Session" and (label, name) not in there
    ]
