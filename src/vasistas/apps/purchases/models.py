"""Buying credits: a purchase is money at a provider on one side and a transfer in the ledger on the other.

Never a card: what is here of a way to pay is the provider's token and its last four digits.
"""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.apps.privacy.models import Subject
from vasistas.apps.wallet.models import AMOUNT_MAX
from vasistas.guard.declarations import declare, derived, not_personal, personal

PROVIDER_CHARS_MAX = 32
REF_CHARS_MAX = 255  # a provider's name for a payment, an event or a saved method
URL_CHARS_MAX = 2000
LABEL_CHARS_MAX = 60
REASON_CHARS_MAX = 200
CURRENCY_CHARS = 3  # ISO 4217

WAIT_MIN, WAIT_MAX = timedelta(seconds=10), timedelta(hours=6)
DOUBLINGS_MAX = 12


def wait_after(tries: int) -> timedelta:
    """How long to wait before a provider is asked again: twice as long each time, up to WAIT_MAX."""
    return min(WAIT_MIN * (1 << min(tries, DOUBLINGS_MAX)), WAIT_MAX)


class Purchase(models.Model):
    """reference: how the provider knows it. key: the form's, so that two clicks buy once. amount: minor units.

    next_read_at: when the provider is asked again by itself; None: not any more.
    """

    class State(models.TextChoices):
        PAID = "paid", _("Paid")
        OPEN = "open", _("Not paid yet")
        FAILED = "failed", _("Declined")
        EXPIRED = "expired", _("Expired")
        WRONG = "wrong", _("We look into it")  # another amount or currency than asked: never credited

    reference = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField()
    provider = models.CharField(max_length=PROVIDER_CHARS_MAX)
    provider_ref = models.CharField(max_length=REF_CHARS_MAX, blank=True)
    checkout_url = models.CharField(max_length=URL_CHARS_MAX, blank=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=CURRENCY_CHARS)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    saves_method = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    reads = models.PositiveSmallIntegerField(default=0)
    next_read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "key"], name="purchases_once"),
            models.UniqueConstraint(
                fields=["provider", "provider_ref"],
                condition=~models.Q(provider_ref=""),
                name="purchases_of_provider",
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0, amount__lte=AMOUNT_MAX), name="purchases_amount"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject", "-made_at"], name="purchases_of"),
            models.Index(fields=["next_read_at"], name="purchases_to_read"),
            models.Index(fields=["state"], name="purchases_by_state"),
        ]

    def __str__(self) -> str:
        return f"purchase {self.pk}"


class Hint(models.Model):
    """A provider's message, its signature verified: look at this payment again. The same event is stored once."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Looked at")
        UNKNOWN = "unknown", _("Of no purchase here")

    provider = models.CharField(max_length=PROVIDER_CHARS_MAX)
    event_id = models.CharField(max_length=REF_CHARS_MAX)
    provider_ref = models.CharField(max_length=REF_CHARS_MAX, blank=True)
    purchase = models.ForeignKey(Purchase, on_delete=models.CASCADE, null=True, blank=True, related_name="hints")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    received_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["provider", "event_id"], name="purchases_hint_once")]
        indexes: ClassVar = [
            models.Index(fields=["state", "next_try_at"], name="purchases_hint_due"),
            models.Index(fields=["received_at"], name="purchases_hint_received"),
        ]

    def __str__(self) -> str:
        return f"hint {self.pk}"


class Refund(models.Model):
    """Money on its way back for one purchase: out of the ledger first, then by the provider, then settled.

    asked: the form's key. key: the provider's and the ledger's. taken: minor units that came from the member's credits;
    the rest of `amount` is the site's own cost.
    """

    class State(models.TextChoices):
        DONE = "done", _("Refunded")
        HELD = "held", _("On its way")
        REFUSED = "refused", _("Not possible, credits are back")
        STUCK = "stuck", _("We look into it")

    class By(models.TextChoices):
        MEMBER = "member", _("you")
        STAFF = "staff", _("our staff")
        PROVIDER = "provider", _("the payment provider")

    purchase = models.ForeignKey(Purchase, on_delete=models.CASCADE, related_name="refunds")
    asked = models.UUIDField()
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    taken = models.BigIntegerField()
    amount = models.BigIntegerField()
    by = models.CharField(max_length=8, choices=By)
    reason = models.CharField(max_length=REASON_CHARS_MAX, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.HELD)
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["asked", "purchase"], name="purchases_refund_once"),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, taken__gte=0, taken__lte=models.F("amount")),
                name="purchases_refund_amount",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "next_try_at"], name="purchases_refund_due")]

    def __str__(self) -> str:
        return f"refund {self.pk}"


class Dispute(models.Model):
    """A bank took a payment back, or tries to. taken: what came from the member's credits; the rest is the site's."""

    class State(models.TextChoices):
        OPEN = "open", _("Disputed")
        WON = "won", _("Dispute won")
        LOST = "lost", _("Dispute lost")

    purchase = models.OneToOneField(Purchase, on_delete=models.CASCADE, related_name="dispute")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    taken = models.BigIntegerField()
    amount = models.BigIntegerField()
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(amount__gte=0, taken__gte=0, taken__lte=models.F("amount")),
                name="purchases_dispute_amount",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="purchases_dispute_due")]

    def __str__(self) -> str:
        return f"dispute {self.pk}"


class SavedMethod(models.Model):
    """A way to pay that the provider keeps. token: of use at this provider, with the site's own key, alone.

    is_forgotten: offered no more; the row goes when the provider has forgotten it too.
    """

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(max_length=PROVIDER_CHARS_MAX)
    token = models.CharField(max_length=REF_CHARS_MAX)
    label = models.CharField(max_length=LABEL_CHARS_MAX)
    saved_at = models.DateTimeField()
    is_forgotten = models.BooleanField(default=False)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "provider", "token"], name="purchases_method_once")
        ]
        indexes: ClassVar = [models.Index(fields=["is_forgotten", "next_try_at"], name="purchases_method_due")]

    def __str__(self) -> str:
        return f"saved method {self.pk}"


_PATH = derived("the path to the person")
_BOUGHT = personal("user.payment.purchase", keep="account_life")
_TOLD = personal("user.payment.purchase", keep="purchase_hint")
_PACE = not_personal("how often the provider was asked, and when it is again")

declare(
    "purchases.Purchase",
    "subject",
    subject=_PATH,
    reference=_BOUGHT,
    key=not_personal("random; a form sent twice counts once"),
    provider=_BOUGHT,
    provider_ref=_BOUGHT,
    checkout_url=_BOUGHT,
    amount=_BOUGHT,
    currency=_BOUGHT,
    state=_BOUGHT,
    saves_method=_BOUGHT,
    made_at=_BOUGHT,
    expires_at=_BOUGHT,
    paid_at=_BOUGHT,
    reads=_PACE,
    next_read_at=_PACE,
)
declare(
    "purchases.Hint",
    "purchase__subject",
    purchase=_PATH,
    provider=_TOLD,
    event_id=_TOLD,
    provider_ref=_TOLD,
    state=not_personal("whether it was looked at"),
    received_at=_TOLD,
    tries=_PACE,
    next_try_at=_PACE,
)
declare(
    "purchases.Refund",
    "purchase__subject",
    purchase=_PATH,
    asked=not_personal("random; a form sent twice counts once"),
    key=not_personal("random; names one movement"),
    amount=_BOUGHT,
    taken=_BOUGHT,
    by=_BOUGHT,
    reason=_BOUGHT,
    state=_BOUGHT,
    made_at=_BOUGHT,
    settled_at=_BOUGHT,
    tries=_PACE,
    next_try_at=_PACE,
)
declare(
    "purchases.Dispute",
    "purchase__subject",
    purchase=_PATH,
    state=_BOUGHT,
    amount=_BOUGHT,
    taken=_BOUGHT,
    opened_at=_BOUGHT,
    due_at=_BOUGHT,
    answered_at=_BOUGHT,
    settled_at=_BOUGHT,
)
declare(
    "purchases.SavedMethod",
    "subject",
    subject=_PATH,
    provider=_BOUGHT,
    token=_BOUGHT,
    label=_BOUGHT,
    saved_at=_BOUGHT,
    is_forgotten=not_personal("a state"),
    tries=_PACE,
    next_try_at=_PACE,
)
