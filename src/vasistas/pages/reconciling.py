"""The payment provider's statement beside the ledger's clearing account of that provider: what one says and not the
other.

A clearing account is below zero while the provider owes the site; what a statement counts as ours stands there below.
Payments are compared one by one, by the purchase's reference; fees and payouts by their sum, for they name no purchase.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from vasistas.apps.purchases import queries as purchases
from vasistas.apps.wallet import queries
from vasistas.apps.wallet.models import Entry, TransferKind
from vasistas.pages.books import PeriodForm
from vasistas.payments.port import CheckoutUnknown, PaymentPort, ProviderRefused, StatementLine

DAYS_MAX = 31  # of one comparison
EDGE = timedelta(days=1)  # what one side writes down just before midnight, the other may just after
NAMES_ASKED_MAX = 100  # payments of people who are gone, asked of the provider one by one
TOO_LONG = "payments.statement_too_long"

type State = Literal["differs", "missing_here", "missing_there", "matched"]
WORDS: Mapping[State, object] = {
    "differs": _("Amount differs"),
    "missing_here": _("Missing here"),
    "missing_there": _("Missing there"),
    "matched": _("Matched"),
}
KINDS: Mapping[str, str] = {  # of the ledger -> of a statement
    TransferKind.BOUGHT: "payment",
    TransferKind.REFUND: "refund",
    TransferKind.CHARGEBACK: "chargeback",
    TransferKind.CHARGEBACK_REVERSED: "chargeback_reversed",
    TransferKind.FEE: "fee",
    TransferKind.SETTLEMENT: "payout",
}
BY_SUM = {"fee", "payout"}
COLUMNS = ("state", "kind", "reference", "at", "here_minor", "there_minor", "currency")


class ReconcileForm(PeriodForm):
    days_max = DAYS_MAX


@dataclass
class Item:
    """One movement as both tell it. here, there: minor units as the provider signs them; None: it tells of none."""

    reference: str
    kind: str
    here: int | None = None
    there: int | None = None
    currency: str = ""
    moments: list[datetime] = field(default_factory=list)

    @property
    def state(self) -> State:
        if self.here is None:
            return "missing_here"
        if self.there is None:
            return "missing_there"
        return "matched" if self.here == self.there and not self.is_foreign else "differs"

    @property
    def is_foreign(self) -> bool:
        """Whether the statement counts it in another currency; a provider may leave out the site's own."""
        return self.currency not in {"", settings.CURRENCY}

    @property
    def words(self) -> object:
        return WORDS[self.state]

    @property
    def at(self) -> datetime:
        return min(self.moments)


def compare(
    entries: Iterable[Entry],
    lines: Iterable[StatementLine],
    references: Mapping[str, str],
    period: tuple[datetime, datetime],
) -> list[Item]:
    """What both tell of a period, the wrong first. Both are given with an EDGE around it, where matches are found too.

    Args: references: of each provider_ref, how the ledger names it; a line without one keeps its own.
    """
    items: dict[tuple[str, str], Item] = {}
    since, until = period
    for entry in entries:
        kind = KINDS.get(entry.transfer.kind, entry.transfer.kind)
        if kind not in BY_SUM or since <= entry.transfer.at < until:
            item = _item(items, entry.transfer.reference, kind, entry.transfer.at)
            item.here = (item.here or 0) - entry.amount
    for line in lines:
        at = datetime.fromtimestamp(line.at, UTC)
        if line.kind not in BY_SUM or since <= at < until:
            item = _item(items, references.get(line.provider_ref, line.provider_ref), line.kind, at)
            item.there = (item.there or 0) + line.amount_minor
            item.currency = line.currency or item.currency
    within = [item for item in items.values() if any(since <= at < until for at in item.moments)]
    return sorted(within, key=lambda item: (list(WORDS).index(item.state), item.at))


def _item(items: dict[tuple[str, str], Item], reference: str, kind: str, at: datetime) -> Item:
    name = ("" if kind in BY_SUM else reference, kind)
    item = items.setdefault(name, Item(*name))
    item.moments.append(at)
    return item


def reconcile(port: PaymentPort, since: datetime, until: datetime) -> list[Item]:
    """Ask the provider, and compare; outside of any transaction.

    Raises: PaymentError: it does not answer, or refuses.
    """
    wide = since - EDGE, until + EDGE
    lines = list(_statement(port, *wide))
    return compare(queries.clearing_entries(port.name, *wide), lines, references_of(port, lines), (since, until))


def _statement(port: PaymentPort, since: datetime, until: datetime) -> Iterator[StatementLine]:
    """All of it; day by day from a provider that answers for no longer."""
    try:
        yield from port.statement(since.timestamp(), until.timestamp())
    except ProviderRefused as refused:
        if refused.code != TOO_LONG:
            raise
        day = since
        while day < until:
            yield from port.statement(day.timestamp(), (day + timedelta(days=1)).timestamp())
            day += timedelta(days=1)


def references_of(port: PaymentPort, lines: Sequence[StatementLine]) -> dict[str, str]:
    """How the ledger names each payment of a statement. Of people who are erased the provider alone knows; it is asked
    for NAMES_ASKED_MAX of them.
    """
    refs = dict.fromkeys(line.provider_ref for line in lines if line.provider_ref and line.kind not in BY_SUM)
    named = purchases.references_of(port.name, refs)
    unknown = [ref for ref in refs if ref not in named]
    for ref in unknown[:NAMES_ASKED_MAX]:
        try:
            named[ref] = port.read(ref).reference
        except CheckoutUnknown:
            continue
    return named
