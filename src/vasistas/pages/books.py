"""The ledger as staff see it: whose accounts, what of them, a period as CSV. Run under the purpose "finance".

Whoever's accounts are looked at is looked up beside them: so each look stands in that person's log of reads.
"""

import contextvars
import csv
import io
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.wallet import queries
from vasistas.apps.wallet.models import KEY_CHARS_MAX, REFERENCE_CHARS_MAX, SITE, Account, Entry, Kind, TransferKind
from vasistas.guard import purposes
from vasistas.guard.purposes import processing
from vasistas.pages.my_data import in_turns

CSV_DAYS_MAX = 366
COLUMNS = ("transfer", "at", "kind", "key", "reference", "account", "account_kind", "number", "detail", "amount_minor")


@dataclass(frozen=True)
class Standing:
    """An account, what stands on it, and the name its holder shows; "" of the site, and of who is gone."""

    account: Account
    balance: int
    name: str

    @property
    def is_of_site(self) -> bool:
        return self.account.number == SITE


@dataclass(frozen=True)
class Leg:
    """What one account gained or gave by a transfer; name: as of Standing."""

    account: Account
    amount: int
    name: str

    @property
    def is_of_site(self) -> bool:
        return self.account.number == SITE


class AccountsForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Any")), *Kind.choices], required=False)
    number = forms.UUIDField(label=_("Number of the holder"), required=False)
    after = forms.IntegerField(min_value=0, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)


class TransfersForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Any")), *TransferKind.choices], required=False)
    key = forms.CharField(label=_("Key"), max_length=KEY_CHARS_MAX, required=False)
    reference = forms.CharField(label=_("Reference"), max_length=REFERENCE_CHARS_MAX, required=False)
    before = forms.UUIDField(required=False, widget=forms.HiddenInput)


class PeriodForm(forms.Form):
    """Both days count. days_max: how many there may be."""

    days_max = CSV_DAYS_MAX
    since = forms.DateField(label=_("From"), widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=_("To, included"), widget=forms.DateInput({"type": "date"}))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and not 0 <= (until - since).days < self.days_max:
            words = _("Choose a first and a last day, %(days)d days at most.") % {"days": self.days_max}
            raise forms.ValidationError(words)
        return given

    def moments(self) -> tuple[datetime, datetime]:
        """The period as since <= moment < until, of a form that is valid."""
        return start_of(self.cleaned_data["since"]), start_of(self.cleaned_data["until"] + timedelta(days=1))


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def standing(accounts: Sequence[Account]) -> list[Standing]:
    names, balances = names_of(accounts), queries.balances(accounts)
    return [Standing(account, balances[account.pk], names.get(account.number, "")) for account in accounts]


def legs(entries: Sequence[Entry]) -> list[Leg]:
    names = names_of([entry.account for entry in entries])
    return [Leg(entry.account, entry.amount, names.get(entry.account.number, "")) for entry in entries]


def names_of(accounts: Iterable[Account]) -> dict[uuid.UUID, str]:
    """The name that each holder shows, by number, of those who are there."""
    holders = queries.holders_of([account.number for account in accounts if account.number != SITE])
    shown = Member.objects.filter(subject__in=holders.values()).only("subject", "display_name")
    names = {member.subject_id: member.display_name for member in shown}
    return {number: names.get(subject, "") for number, subject in holders.items()}


# -- A period, written out ---------------------------------------------------------------------------------------------


def entries_csv(request: HttpRequest, since: datetime, until: datetime) -> StreamingHttpResponse:
    """Every entry of a period, written as it is read: never more than queries.ENTRIES_AT_ONCE are in memory."""
    reason = f"entries of {since:%Y-%m-%d} to {until:%Y-%m-%d}"
    return streamed(request, f"entries-{since:%Y-%m-%d}.csv", reason, lambda: _lines(since, until))


def _lines(since: datetime, until: datetime) -> Iterator[bytes]:
    yield csv_lines([COLUMNS])
    for some in queries.entries_between(since, until):
        queries.holders_of([entry.account.number for entry in some if entry.account.number != SITE])
        yield csv_lines(_row(entry) for entry in some)


def _row(entry: Entry) -> tuple[Any, ...]:
    moved, account = entry.transfer, entry.account
    number = "" if account.number == SITE else account.number
    named = (moved.pk, moved.at.isoformat(), moved.kind, moved.key, moved.reference)
    return (*named, account.pk, account.kind, number, account.detail, entry.amount)


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """RFC 4180, UTF-8."""
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


def streamed(
    request: HttpRequest, name: str, reason: str, pieces: Callable[[], Iterator[bytes]]
) -> StreamingHttpResponse:
    """A download that goes on after its request: it states the purpose in the name of whoever asked, for `reason`."""
    stated = purposes.statement()
    actor = purposes.Actor(stated.actor_kind, stated.actor_subject_id)
    held = _held(_stated(actor, reason, pieces))
    body: Any = in_turns(held) if isinstance(request, ASGIRequest) else held
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)


def _held(pieces: Generator[bytes]) -> Iterator[bytes]:
    """Each piece in a context of its own, so that what is stated there reaches nobody else."""
    context = contextvars.copy_context()
    try:
        while (piece := context.run(next, pieces, None)) is not None:
            yield piece
    finally:
        context.run(pieces.close)


def _stated(actor: purposes.Actor, reason: str, pieces: Callable[[], Iterator[bytes]]) -> Generator[bytes]:
    with purposes.scope(lambda: actor), processing("finance", reason=reason):
        yield from pieces()
