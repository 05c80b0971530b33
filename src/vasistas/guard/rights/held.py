"""Everything the site holds about one person, read off the declarations: which rows, and what stands in them.

No list is kept by hand: a model or field that is declared appears here, so on the member's pages and in the archive.
All of it is read under the purpose "rights"; one's own rows leave no entry in the read log.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from operator import itemgetter
from typing import Any

from django.apps import apps
from django.db import models

from vasistas.guard import addresses, declarations, sealed, sessions, subjects
from vasistas.guard.declarations import Declaration, Personal, Sealed
from vasistas.guard.egress import queries as egress
from vasistas.guard.erasure import Step
from vasistas.guard.policy import limits
from vasistas.guard.policy.model import Retention
from vasistas.guard.purposes import GuardError, processing

ROWS_AT_ONCE = 2000  # loaded, opened and written together: this bounds the memory
READS_LABEL = "reads.Entry"  # found by audit id; guard.reads.queries.reads_of tells them
NOBODYS = frozenset({"support.RawMail"})  # whose a mail is shows when it is read, minutes after it came
# Fields about nobody without which a row tells nothing: to whom, of what kind, how often.
BESIDE: Mapping[str, tuple[str, ...]] = {
    "egress.Transfer": ("recipient", "purpose", "categories", "count"),
    "privacy.Correction": ("category", "field", "by"),
    "privacy.RecipientNotice": ("recipient", "what", "categories", "state", "attempts"),
}
UNREADABLE = None  # stands for a seal that does not open

type Row = dict[str, Any]


class NoWayToRows(GuardError):  # noqa: N818 — refusals read as facts
    """A model is declared `found_by(…)`, and nobody has said here how its rows are found."""


@dataclass(frozen=True)
class Table:
    """One declared model with personal fields."""

    model: type[models.Model]
    declaration: Declaration

    @property
    def label(self) -> str:
        return self.model._meta.label

    @property
    def title(self) -> str:
        return str(self.model._meta.verbose_name_plural).capitalize()

    @cached_property
    def fields(self) -> Mapping[str, Personal]:
        return self.declaration.personal

    @property
    def beside(self) -> tuple[str, ...]:
        return BESIDE.get(self.label, ())

    @property
    def categories(self) -> frozenset[str]:
        return self.declaration.categories

    def rows(self, subject_id: int) -> "models.QuerySet[Any]":
        """The rows of one person, without an order. Nothing of them is loaded row by row.

        Raises: NoWayToRows.
        """
        if self.declaration.subject == "self":
            found = Step(self.model, "pk").rows(subject_id)
        elif isinstance(self.declaration.subject, str):
            found = Step(self.model, self.declaration.subject).rows(subject_id)
        elif self.label in _FOUND:
            found = _FOUND[self.label](subject_id)
        else:
            raise NoWayToRows(
                f"{self.label} is declared found_by(…): say in guard/rights/held.py how its rows are found."
            )
        return found.fetch_mode(models.FETCH_RAISE)

    def column(self, name: str) -> "models.Field[Any, Any]":
        return self.model._meta.get_field(name)  # type: ignore[return-value]  # declared fields are concrete

    def _seal(self, name: str) -> sealed.SealedText:
        column = self.column(name)
        if not isinstance(column, sealed.SealedText):
            raise TypeError(f"{self.label}.{name} is declared sealed and is no SealedText.")
        return column

    def read(self, rows: Sequence[Any], *, only: Iterable[str] | None = None) -> list[Row]:
        """Return what stands in rows that are loaded: id, each personal field by name, and what is told beside them;
        keys by one query.
        """
        names = [name for name in self.fields if only is None or name in only]
        closed = {name: self._seal(name).open for name in names if isinstance(self.fields[name], Sealed)}
        sealed.preload(rows, *closed)
        shown = {name: _names_of(column, rows) for name in names if (column := self.column(name)).is_relation}
        content = {name: open_ for name in names if (open_ := _READABLE.get(f"{self.label}.{name}")) is not None}
        attributes = {name: self.column(name).attname for name in (*names, *self.beside)}
        key = self.model._meta.pk
        attributes = attributes if key.name in self.fields else {"id": key.attname, **attributes}
        keys, pick = tuple(attributes), itemgetter(*attributes.values(), key.attname)  # one more: always a tuple
        read = []
        for row in rows:  # there may be a million: few calls for each
            stands = row.__dict__
            found: Row = dict(zip(keys, pick(stands), strict=False))
            for name, open_seal in closed.items():
                if found[name]:
                    found[name] = _opened(open_seal, row, found[name])
            for name, names_there in shown.items():
                found[name] = names_there.get(found[name], found[name])
            for name, open_ in content.items():
                found[name] = open_(row)
            read.append(found)
        return read

    def batches(self, subject_id: int) -> Iterator[list[Row]]:
        """Yield all rows of one person, ROWS_AT_ONCE at a time, in the order of their keys."""
        names, kind = self._attributes, _bare(self.model)
        every, latest = self.rows(subject_id).order_by("pk").values_list(*names), None
        while found := list((every if latest is None else every.filter(pk__gt=latest))[:ROWS_AT_ONCE]):
            rows = [kind() for _values in found]
            for row, values in zip(rows, found, strict=True):
                row.__dict__ = dict(zip(names, values, strict=True))
            latest = rows[-1].pk
            yield self.read(rows)

    @cached_property
    def _attributes(self) -> tuple[str, ...]:
        """Of a row: its key, what is personal, and what its seals are bound to."""
        names = [self.model._meta.pk.attname, *(self.column(name).attname for name in (*self.fields, *self.beside))]
        closed = [self._seal(name) for name, one in self.fields.items() if isinstance(one, Sealed)]
        bound = [name for one in closed for name in ("row_key", one.place.owner)]
        return tuple(dict.fromkeys([*names, *bound]))


@functools.cache
def _bare(model: type[models.Model]) -> type[Any]:
    """A row that is only its values: half the time of a model's. Seals open on it; it neither saves nor loads anything,
    and is noted with the read log by its seals alone. Only for the person's own rows, which leave no entry.
    """
    key = model._meta.pk.attname

    members = {"_meta": model._meta, "pk": property(lambda self: self.__dict__[key])}
    return type(f"Bare{model.__name__}", (), members)


def tables() -> list[Table]:
    """Every declared model with personal fields, by label. The read log is told apart (READS_LABEL), and what nobody
    has read yet is nobody's (NOBODYS).
    """
    found = []
    for model in apps.get_models(include_auto_created=True):
        declaration = declarations.of(model)
        is_told = declaration is not None and declaration.personal and model._meta.label not in {READS_LABEL, *NOBODYS}
        if declaration is None or not is_told or model._meta.proxy:
            continue
        found.append(Table(model, declaration))
    return sorted(found, key=lambda table: table.label)


def gone_on(rule: Retention, row: models.Model) -> date | None:
    """The day by which a row is gone by its retention rule, or None where no column of the row tells it.

    The rule's `after` is a column of this model ("chat.Message.said_at"), or of any model that has it ("until").
    """
    label, _, name = rule.after.rpartition(".")
    since = row.__dict__.get(name) if label in {"", row._meta.label} else None
    if not isinstance(since, datetime) or rule.days_max is None:
        return None
    limit = limits.limit_for(rule.key, since)
    return (since + limit).date() if limit else None


def _opened(open_seal: Callable[[Any, bytes], Any], row: Any, value: Any) -> Any:
    try:
        return open_seal(row, bytes(value))
    except (sealed.SealedGone, sealed.SealedBroken):
        return UNREADABLE


def _names_of(column: Any, rows: Sequence[Any]) -> Mapping[Any, str]:
    """What others published a thing as, by its key: its slug; a thing without one keeps its number."""
    far = column.related_model
    if not any(one.name == "slug" for one in far._meta.concrete_fields):
        return {}
    keys = {number for row in rows if (number := getattr(row, column.attname)) is not None}
    with processing("rooms"):  # addresses of rooms and studios, which anyone may read
        every = far._base_manager  # noqa: SLF001 — documented by Django under this name
        return dict(every.filter(pk__in=keys).values_list("pk", "slug"))


# -- What the declarations say in words alone --------------------------------------------------------------------------


def _sessions_of(subject_id: int) -> "models.QuerySet[Any]":
    signed_in = apps.get_model("usersessions.UserSession")._base_manager.filter(user__subject=subject_id)  # noqa: SLF001 — documented by Django
    keys = list(signed_in.values_list("session_key", flat=True))
    return apps.get_model("sessions.Session")._base_manager.filter(session_key__in=keys)  # noqa: SLF001 — see above


def _transfers_of(subject_id: int) -> "models.QuerySet[Any]":
    audit_id = subjects.audit_ids_of([subject_id]).get(subject_id, "")
    transfers = apps.get_model("egress.Transfer")._base_manager  # noqa: SLF001 — see above
    return transfers.filter(subject=audit_id) if audit_id else transfers.none()


def _notices_of(subject_id: int) -> "models.QuerySet[Any]":
    """What recipients were told: each knows the person by another name, so each name is asked for."""
    notices = apps.get_model("privacy.RecipientNotice")._base_manager  # noqa: SLF001 — see above
    recipients = list(notices.values_list("recipient", flat=True).distinct())
    return notices.filter(about__in=[egress.known_as(subject_id, recipient) for recipient in recipients])


def _content_of_session(row: Any) -> Any:
    return sessions.SessionStore(row.session_key).decode(row.session_data)


def _holder_numbers(subject_id: int) -> "models.QuerySet[Any]":
    """Somebody's number in the ledger, while they have one."""
    return apps.get_model("wallet.Holder")._base_manager.filter(subject=subject_id).values("number")  # noqa: SLF001 — see above


def _by_number(label: str, path: str) -> Callable[[int], "models.QuerySet[Any]"]:
    """Rows that hold somebody's number in the ledger, at the end of `path`."""

    def found(subject_id: int) -> "models.QuerySet[Any]":
        rows: models.QuerySet[Any] = apps.get_model(label)._base_manager.all()  # noqa: SLF001 — see above
        return rows.filter(**{f"{path}__in": _holder_numbers(subject_id)}).distinct()

    return found


def _suppressions_of(subject_id: int) -> "models.QuerySet[Any]":
    """By the keyed hash of each address the person can be reached at."""
    contacts = apps.get_model("bulletins.Contact")._base_manager.filter(subject=subject_id)  # noqa: SLF001 — see above
    contacts = contacts.filter(confirmed_at__isnull=False)  # an unproven number may be anybody's
    indexes = set(contacts.values_list("index", flat=True))
    members = apps.get_model("accounts.Member")._base_manager  # noqa: SLF001 — see above
    member = members.only("email", "email_sealed", "row_key", "subject").filter(subject=subject_id).first()
    if member is not None:
        indexes.add(addresses.suppression_index("mail", str(member.email)))
    return apps.get_model("bulletins.Suppression")._base_manager.filter(index__in=indexes)  # noqa: SLF001 — see above


_FOUND: Mapping[str, Callable[[int], "models.QuerySet[Any]"]] = {
    "sessions.Session": _sessions_of,
    "egress.Transfer": _transfers_of,
    "privacy.RecipientNotice": _notices_of,
    "wallet.Account": _by_number("wallet.Account", "number"),
    "wallet.Transfer": _by_number("wallet.Transfer", "entries__account__number"),
    "wallet.Entry": _by_number("wallet.Entry", "account__number"),
    "payouts.Payout": _by_number("payouts.Payout", "account__number"),
    "payouts.Record": _by_number("payouts.Record", "number"),
    "bulletins.Suppression": _suppressions_of,
}
_READABLE: Mapping[str, Callable[[Any], Any]] = {"sessions.Session.session_data": _content_of_session}
