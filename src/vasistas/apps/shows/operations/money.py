"""What a seat costs: set aside before, taken for what was delivered, the rest given back. Every key names the seat.

All run in the caller's transaction, with the show locked, under the purpose `shows`.
"""

from collections import Counter
from datetime import datetime

from django.db.models import QuerySet, Sum

from vasistas.apps.providers import operations as providers
from vasistas.apps.providers.models import Host
from vasistas.apps.shows import rules
from vasistas.apps.shows.models import Role, Seat, Show
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries as wallet_queries
from vasistas.apps.wallet.models import Account, Entry, Kind, TransferKind
from vasistas.apps.wallet.rules import Leg

DETAIL = "show:"


def detail_of(seat: Seat) -> str:
    return f"{DETAIL}{seat.key.hex}"


def set_aside(seat: Seat, amount: int, at: datetime, *, token: str = "") -> None:
    """Hold `amount` of the person's credits for a seat; the caller saves the seat.

    Args: token: names the act for which a repeat must not hold twice; otherwise the seat counts.
    Raises: all of `wallet.hold`. Publishes: BalanceChanged.
    """
    seat.holds += 1
    key = f"{detail_of(seat)}:hold:{token or seat.holds}"
    seat.hold = wallet.hold(subject_id=seat.subject_id, amount=amount, detail=detail_of(seat), key=key, at=at)


def was_set_aside(seat: Seat, token: str) -> bool:
    return wallet_queries.transfer_of(f"{detail_of(seat)}:hold:{token}") is not None


def take(seat: Seat, host: Host, at: datetime, *, is_over: bool = False) -> int:
    """Take from the hold what is due by now and was not taken yet, and save the seat. Returns how much was taken.

    The amount is the difference of two cumulative ones, and the key names the seat, its seconds and the new total:
    whoever repeats it, crashed or not, moves nothing twice.
    """
    total = rules.takeable_of(seat, is_over=is_over)
    amount = total - seat.charged_minor
    if amount <= 0 or seat.hold is None:
        return 0
    kind = TransferKind.TICKET if seat.role == Role.TICKET else TransferKind.SESSION
    wallet.capture(
        hold=seat.hold,
        legs=_legs(host, seat.charged_minor, total),
        key=f"{detail_of(seat)}:{seat.delivered_s}s:{total}",
        kind=kind,
        at=at,
        reference=reference_of(seat),
    )
    seat.charged_minor = total
    seat.save(update_fields=["charged_minor"])
    return amount


def reference_of(seat: Seat) -> str:
    """What stands beside each movement of a show, on both sides' statements."""
    return f"{DETAIL}{seat.show.key}"


def shares_of(show: Show) -> dict[str, int]:
    """What the ledger says of a show: kind of account -> what it got of all that was charged."""
    paid = Entry.objects.filter(
        transfer__reference=f"{DETAIL}{show.key}", transfer__kind__in=[TransferKind.SESSION, TransferKind.TICKET]
    )
    sums = paid.exclude(account__kind=Kind.HOLD).values_list("account__kind").annotate(total=Sum("amount"))
    return {kind: int(total) for kind, total in sums}


def _legs(host: Host, before: int, total: int) -> list[Leg]:
    """Who gets the difference: of the whole so far less what they had, so that rounding does not add up."""
    shares = Counter({leg.account_id: leg.amount for leg in providers.earning_legs(host, total)})
    if before:
        shares.subtract({leg.account_id: leg.amount for leg in providers.earning_legs(host, before)})
    if any(amount < 0 for amount in shares.values()):  # the split changed meanwhile
        return providers.earning_legs(host, total - before)
    return [Leg(account, amount) for account, amount in shares.items() if amount]


def give_back(seat: Seat, at: datetime) -> None:
    """Release the rest and save the seat; what was taken is from now on its budget. A repeat gives nothing twice.

    Publishes: BalanceChanged.
    """
    if seat.hold is not None:
        wallet.release(hold=seat.hold, key=f"{detail_of(seat)}:release:{seat.holds}", at=at)
    seat.settled_at = at
    seat.save(update_fields=["settled_at"])


def orphans() -> "QuerySet[Account]":
    """Holds of shows that no seat knows: their show was erased with somebody."""
    known = Seat.objects.filter(hold__isnull=False).values("hold")
    holds = Account.objects.filter(kind=Kind.HOLD, detail__startswith=DETAIL, balance__gt=0)
    return holds.exclude(pk__in=known).order_by("pk")


def give_back_orphan(hold: Account, at: datetime) -> None:
    """Release a hold whose seat is gone: its show was erased with somebody."""
    wallet.release(hold=hold, key=f"{hold.detail}:orphan:{hold.pk}", at=at)
