"""What was bought and given back. Run under a purpose that allows `user.payment.purchase`."""

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from vasistas.apps.purchases import rules
from vasistas.apps.purchases.models import Dispute, Hint, Purchase, Refund, SavedMethod
from vasistas.apps.wallet import queries as wallet
from vasistas.apps.wallet.models import Entry, TransferKind
from vasistas.apps.wallet.rules import DAY
from vasistas.lib.errors import NotFound

FINAL = (Purchase.State.PAID, Purchase.State.WRONG)
SHOWN_MAX = 50  # purchases on the member's page
UNREAD_MAX = 100  # of one person; OPEN_MAX bounds those that are new


def get_purchase_for(*, subject_id: int, reference: uuid.UUID) -> Purchase:
    """Raises: NotFound: there is none, or it is another's."""
    found = Purchase.objects.filter(reference=reference, subject=subject_id).first()
    if found is None:
        raise NotFound(_("There is no such purchase."))
    return found


def get_purchase(reference: uuid.UUID) -> Purchase:
    """For staff. Raises: NotFound."""
    found = Purchase.objects.select_related("dispute").filter(reference=reference).first()
    if found is None:
        raise NotFound(_("There is no such purchase."))
    return found


def purchases_of(subject_id: int) -> list[Purchase]:
    """Those a provider has begun, the newest first, SHOWN_MAX at most, each with its refunds and dispute."""
    rows = Purchase.objects.filter(subject=subject_id).exclude(provider_ref="")
    rows = rows.select_related("dispute").prefetch_related("refunds")
    return list(rows.order_by("-made_at", "-pk")[:SHOWN_MAX])


def paid_of(subject_id: int) -> "QuerySet[Purchase]":
    return Purchase.objects.filter(subject=subject_id, state=Purchase.State.PAID)


def refunded(purchase: Purchase) -> int:
    """What was given back of it or is on its way, minor units."""
    rows = purchase.refunds.exclude(state=Refund.State.REFUSED)
    return int(rows.aggregate(total=Sum("amount"))["total"] or 0)


def refundable(purchase: Purchase) -> int:
    """What can be given back of it yet; nothing while its bank disputes it, or has taken it."""
    if purchase.state != Purchase.State.PAID:
        return 0
    if Dispute.objects.filter(purchase=purchase).exclude(state=Dispute.State.WON).exists():
        return 0
    return purchase.amount - refunded(purchase)


def unused(subject_id: int) -> int:
    """What a member can get back now: bought, not given back, and not spent. Minor units."""
    paid = paid_of(subject_id).filter(Q(dispute=None) | Q(dispute__state=Dispute.State.WON))
    bought = int(paid.aggregate(total=Sum("amount"))["total"] or 0)
    gone = Refund.objects.filter(purchase__in=paid).exclude(state=Refund.State.REFUSED)
    back = int(gone.aggregate(total=Sum("amount"))["total"] or 0)
    return max(0, min(wallet.balance_of(subject_id), bought - back))


def refunded_in_ledger(account_id: int, reference: str) -> int:
    """What the ledger says was given back under a reference, for purchases whose rows are gone."""
    rows = Entry.objects.filter(account=account_id, transfer__kind=TransferKind.REFUND, transfer__reference=reference)
    return int(rows.aggregate(total=Sum("amount"))["total"] or 0)


def bought_today(subject_id: int, at: datetime) -> int:
    """What was paid for in the last 24 hours, minor units."""
    rows = paid_of(subject_id).filter(paid_at__gt=at - DAY)
    return int(rows.aggregate(total=Sum("amount"))["total"] or 0)


def on_its_way(subject_id: int, at: datetime) -> int:
    """What may still be paid at checkouts that were begun, minor units."""
    return int(_begun(subject_id, at).aggregate(total=Sum("amount"))["total"] or 0)


def open_count(subject_id: int, at: datetime) -> int:
    """Checkouts that a provider has begun."""
    return _begun(subject_id, at).count()


def _begun(subject_id: int, at: datetime) -> "QuerySet[Purchase]":
    begun = Purchase.objects.filter(subject=subject_id, state=Purchase.State.OPEN, expires_at__gt=at)
    return begun.exclude(provider_ref="")


def given_total(subject_id: int) -> int:
    """Credits somebody was given and never paid for, minor units."""
    rows = Entry.objects.filter(account=wallet.find_account(subject_id), transfer__kind=TransferKind.GIVEN)
    return int(rows.aggregate(total=Sum("amount"))["total"] or 0)


def methods_of(subject_id: int) -> "QuerySet[SavedMethod]":
    """Those that are offered, the newest first."""
    return SavedMethod.objects.filter(subject=subject_id, is_forgotten=False).order_by("-saved_at")


def find_purchase(reference: str, *, provider: str) -> Purchase | None:
    """By the text a provider holds; whatever it is."""
    try:
        number = uuid.UUID(reference)
    except ValueError:
        return None
    return Purchase.objects.filter(reference=number, provider=provider).first()


def purchase_id_of(provider: str, provider_ref: str) -> int | None:
    named = Purchase.objects.filter(provider=provider, provider_ref=provider_ref).exclude(provider_ref="")
    return named.values_list("pk", flat=True).first()


def references_of(provider: str, provider_refs: Collection[str]) -> dict[str, str]:
    """How the ledger names payments that a provider names so; of those whose people are there."""
    rows = Purchase.objects.filter(provider=provider, provider_ref__in=set(provider_refs))
    return {row.provider_ref: str(row.reference) for row in rows.only("subject", "provider_ref", "reference")}


def lines_since(purchase: Purchase, limit: int) -> list[Entry]:
    """The entries of the member's account from a purchase on, oldest first."""
    account = wallet.find_account(purchase.subject_id)
    rows = Entry.objects.filter(account=account, transfer__at__gte=purchase.paid_at or purchase.made_at)
    return list(rows.select_related("transfer").order_by("pk")[:limit])


# -- What is due -------------------------------------------------------------------------------------------------------


def hints_due(at: datetime) -> list[int]:
    rows = Hint.objects.filter(state=Hint.State.WAITING, next_try_at__lte=at)
    return list(rows.order_by("next_try_at").values_list("pk", flat=True)[: rules.AT_ONCE_MAX])


def purchases_due(at: datetime) -> list[int]:
    rows = Purchase.objects.filter(next_read_at__lte=at)
    return list(rows.order_by("next_read_at").values_list("pk", flat=True)[: rules.AT_ONCE_MAX])


def refunds_due(at: datetime) -> list[int]:
    rows = Refund.objects.filter(state=Refund.State.HELD, next_try_at__lte=at)
    return list(rows.order_by("next_try_at").values_list("pk", flat=True)[: rules.AT_ONCE_MAX])


def methods_due(at: datetime) -> list[int]:
    rows = SavedMethod.objects.filter(is_forgotten=True, next_try_at__lte=at)
    return list(rows.order_by("next_try_at").values_list("pk", flat=True)[: rules.AT_ONCE_MAX])


def unread_of(subject_id: int) -> list[int]:
    """Purchases of one person of which the provider may still say something new."""
    rows = Purchase.objects.filter(subject=subject_id, next_read_at__isnull=False).exclude(state__in=FINAL)
    return list(rows.values_list("pk", flat=True)[:UNREAD_MAX])


# -- For staff ---------------------------------------------------------------------------------------------------------

NEEDS = "needs"  # what waits for a person


def found_by_staff(*, text: str, state: str) -> "QuerySet[Purchase]":
    """Purchases by our reference or the provider's, and by state or `needs`; the newest first."""
    rows = Purchase.objects.select_related("dispute").order_by("-made_at", "-pk")
    if text:
        rows = rows.filter(_named(text))
    if state == NEEDS:
        return rows.filter(_needs_person()).distinct()
    return rows.filter(state=state) if state in Purchase.State.values else rows


def needs_count() -> int:
    return Purchase.objects.filter(_needs_person()).distinct().count()


def unknown_hints() -> "QuerySet[Hint]":
    """Messages about payments that no purchase here stands for, the newest first."""
    return Hint.objects.filter(state=Hint.State.UNKNOWN).order_by("-received_at")


def _needs_person() -> Q:
    unread = Q(state=Purchase.State.OPEN, next_read_at=None)
    stuck, disputed = Q(refunds__state=Refund.State.STUCK), Q(dispute__state=Dispute.State.OPEN)
    return Q(state=Purchase.State.WRONG) | unread | stuck | (disputed & Q(dispute__answered_at=None))


def _named(text: str) -> Q:
    try:
        return Q(reference=uuid.UUID(text)) | Q(provider_ref=text)
    except ValueError:
        return Q(provider_ref=text)
