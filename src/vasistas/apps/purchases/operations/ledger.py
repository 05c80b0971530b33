"""The movements of purchases in the ledger. Each is named by a key, so that a repeat moves nothing."""

from datetime import datetime

from vasistas.apps.purchases import rules
from vasistas.apps.purchases.models import Dispute, Purchase, Refund
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.models import Account, Kind, TransferKind
from vasistas.apps.wallet.rules import Leg
from vasistas.guard import subjects


def account_of(subject_id: int) -> Account:
    """The member's credits; of somebody who is being erased, what nobody claims. Locks: the subject, shared."""
    try:
        subjects.hold(subject_id)
        return wallet.account_of(subject_id)
    except subjects.SubjectGone:
        return wallet.site_account(Kind.UNCLAIMED)


def takeable(account: Account, amount: int) -> int:
    """How much of an amount the credits can give now. Locks: the account, until commit."""
    if account.floor is None:
        return 0
    locked = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    return min(locked.balance or 0, amount)


def credit(purchase: Purchase, at: datetime) -> None:
    account = account_of(purchase.subject_id)
    legs = [Leg(_clearing(purchase.provider).pk, -purchase.amount), Leg(account.pk, purchase.amount)]
    key = rules.bought_key(purchase.reference)
    wallet.post(key=key, kind=TransferKind.BOUGHT, legs=legs, at=at, reference=str(purchase.reference))
    _tell(account, purchase.subject_id)


def hold_out(refund: Refund, at: datetime) -> None:
    """Step 1 of a refund: out of the member's credits, and of the site's revenue for the rest."""
    _refund(refund, "held", _paying(refund), _on_its_way(refund), at)


def settle(refund: Refund, at: datetime) -> None:
    """Step 3: the provider gave it back."""
    amount = refund.amount
    legs = [Leg(_on_its_way(refund).pk, -amount), Leg(_clearing(refund.purchase.provider).pk, amount)]
    _post_refund(refund, "done", legs, at)


def give_back(refund: Refund, at: datetime) -> None:
    """Instead of step 3: the provider refuses, the credits return to where they came from."""
    legs = [Leg(_on_its_way(refund).pk, -refund.amount)]
    legs += [Leg(leg.account_id, -leg.amount) for leg in _paying(refund)]
    _post_refund(refund, "back", legs, at)


def follow_refund(refund: Refund, at: datetime) -> None:
    """A refund that was made at the provider's side, in one step."""
    _refund(refund, "done", _paying(refund), _clearing(refund.purchase.provider), at)


def take_disputed(dispute: Dispute, at: datetime) -> None:
    """What the bank took goes from the member's credits and, for the rest, from the site's own account. Never from a
    host: what was earned stays earned.
    """
    _dispute(dispute, TransferKind.CHARGEBACK, "taken", 1, at)


def return_disputed(dispute: Dispute, at: datetime) -> None:
    _dispute(dispute, TransferKind.CHARGEBACK_REVERSED, "back", -1, at)


def _dispute(dispute: Dispute, kind: str, step: str, sign: int, at: datetime) -> None:
    purchase, rest = dispute.purchase, dispute.amount - dispute.taken
    account = account_of(purchase.subject_id)
    legs = [Leg(_clearing(purchase.provider).pk, sign * dispute.amount)]
    legs += [Leg(account.pk, -sign * dispute.taken)] if dispute.taken else []
    legs += [Leg(wallet.site_account(Kind.DISPUTES).pk, -sign * rest)] if rest else []
    key = rules.dispute_key(purchase.reference, step)
    wallet.post(key=key, kind=kind, legs=legs, at=at, reference=str(purchase.reference))
    _tell(account, purchase.subject_id)


def _paying(refund: Refund) -> list[Leg]:
    """Who pays a refund, as legs below zero."""
    rest = refund.amount - refund.taken
    legs = [Leg(account_of(refund.purchase.subject_id).pk, -refund.taken)] if refund.taken else []
    return legs + ([Leg(wallet.site_account(Kind.REVENUE).pk, -rest)] if rest else [])


def _refund(refund: Refund, step: str, paying: list[Leg], to: Account, at: datetime) -> None:
    _post_refund(refund, step, [*paying, Leg(to.pk, refund.amount)], at)


def _post_refund(refund: Refund, step: str, legs: list[Leg], at: datetime) -> None:
    key, reference = rules.refund_key(refund.key, step), str(refund.purchase.reference)
    wallet.post(key=key, kind=TransferKind.REFUND, legs=legs, at=at, reference=reference)
    wallet.tell_balance(refund.purchase.subject_id)


def _clearing(provider: str) -> Account:
    return wallet.site_account(Kind.CLEARING, provider)


def _on_its_way(refund: Refund) -> Account:
    return wallet.site_account(Kind.CLEARING, rules.refunds_on_their_way(refund.purchase.provider))


def _tell(account: Account, subject_id: int) -> None:
    if account.floor is not None:
        wallet.tell_balance(subject_id)
