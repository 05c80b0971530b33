"""The ledger: double entry, whole minor units of one currency. Knows no rooms, only what a caller names by reference.

What the database itself refuses, by triggers (migration 0001): a transfer whose entries do not sum to zero, an entry
added to a transfer that stands, a change or removal of either, a balance below the floor. Why: decision 20.
"""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.apps.privacy.models import Subject
from vasistas.guard.declarations import declare, derived, found_by, not_personal, personal

AMOUNT_MAX = 10**12  # minor units of one entry
KEY_CHARS_MAX = 120
REFERENCE_CHARS_MAX = 64
DETAIL_CHARS_MAX = 64
SITE = uuid.UUID(int=0)  # the number of the site itself


class AppendOnly(TypeError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """Code tried to change what was entered. The database refuses it as well: post the opposite instead."""


class Kind(models.TextChoices):
    """Whose account it is. Of those with an owner none goes below zero; those of the site have no floor."""

    MEMBER = "member", _("Credits")
    HOLD = "hold", _("Held")
    HOST = "host", _("Earnings")
    STUDIO = "studio", _("Studio’s earnings")
    REVENUE = "revenue", _("Revenue")
    CLEARING = "clearing", _("Payment provider")
    PROMOTIONS = "promotions", _("Promotions")
    DISPUTES = "disputes", _("Disputes")
    BANK = "bank", _("Bank")
    UNCLAIMED = "unclaimed", _("Unclaimed")


OWNED = (Kind.MEMBER, Kind.HOLD, Kind.HOST, Kind.STUDIO)


class TransferKind(models.TextChoices):
    BOUGHT = "bought", _("Bought")
    GIVEN = "given", _("Given")
    HELD = "held", _("Held")
    RELEASED = "released", _("Released")
    TIP = "tip", _("Tip")
    SESSION = "session", _("Private session")
    TICKET = "ticket", _("Ticket")
    REFUND = "refund", _("Refund")
    CHARGEBACK = "chargeback", _("Payment disputed")
    CHARGEBACK_REVERSED = "chargeback_reversed", _("Dispute won")
    PAYOUT = "payout", _("Paid out")
    PAYOUT_RETURNED = "payout_returned", _("Payout returned")
    SETTLEMENT = "settlement", _("Settled by the provider")
    FEE = "fee", _("Provider’s fee")
    LAPSED = "lapsed", _("Account closed")


SPENDING = (TransferKind.TIP, TransferKind.SESSION, TransferKind.TICKET)


class Holder(models.Model):
    """Whose number it is in the ledger. It goes with the person, and the ledger then names nobody."""

    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, related_name="+")
    number = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)

    def __str__(self) -> str:
        return f"holder {self.pk}"


class Account(models.Model):
    """number: of its holder; SITE for the site's own. detail: tells several of a kind apart (a provider, a show).

    balance: minor units, kept by the database as entries come; None for accounts without a floor, whose balance is the
    sum of their entries, so that nobody waits for a row that every payment touches.
    """

    kind = models.CharField(max_length=12, choices=Kind)
    number = models.UUIDField(default=SITE)
    detail = models.CharField(max_length=DETAIL_CHARS_MAX, blank=True)
    floor = models.BigIntegerField(null=True, blank=True)
    balance = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "number", "detail"], name="wallet_account_once"),
            models.CheckConstraint(
                condition=models.Q(floor=None, balance=None)
                | models.Q(floor__isnull=False, balance__gte=models.F("floor")),
                name="wallet_account_above_floor",
            ),
            models.CheckConstraint(
                condition=(models.Q(kind__in=OWNED, floor__isnull=False) & ~models.Q(number=SITE))
                | (~models.Q(kind__in=OWNED) & models.Q(number=SITE, floor=None)),
                name="wallet_account_owner",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["number"], name="wallet_account_of")]

    def __str__(self) -> str:
        return f"account {self.pk}"


class Entered[Row: models.Model](models.QuerySet[Row]):
    """Rows that are added and never changed."""

    def update(self, **_values: Any) -> int:
        raise AppendOnly("Entries are never changed: post the opposite.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly("Entries are never deleted: post the opposite.")


class Transfer(models.Model):
    """One movement. key: the caller's name for it; the same key never moves money twice. reference: for people."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=KEY_CHARS_MAX, unique=True)
    kind = models.CharField(max_length=20, choices=TransferKind)
    reference = models.CharField(max_length=REFERENCE_CHARS_MAX, blank=True)
    at = models.DateTimeField()

    objects = Entered["Transfer"].as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["at"], name="wallet_transfer_at"),
            models.Index(fields=["reference"], name="wallet_transfer_reference"),
        ]

    def __str__(self) -> str:
        return f"transfer {self.pk}"


class Entry(models.Model):
    """amount: minor units, never 0; what the account gains."""

    # The index of wallet_entry_once begins with the transfer.
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="entries", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries")
    amount = models.BigIntegerField()

    objects = Entered["Entry"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["transfer", "account"], name="wallet_entry_once"),
            models.CheckConstraint(
                condition=models.Q(amount__gte=-AMOUNT_MAX, amount__lte=AMOUNT_MAX) & ~models.Q(amount=0),
                name="wallet_entry_amount",
            ),
        ]

    def __str__(self) -> str:
        return f"entry {self.pk}"


class SpendingLimit(models.Model):
    """What somebody lets themselves spend in 24 hours; None: no limit. A higher one counts from `next_from`."""

    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, related_name="+")
    per_day = models.BigIntegerField(null=True, blank=True)  # minor units
    next_per_day = models.BigIntegerField(null=True, blank=True)
    next_from = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"spending limit {self.pk}"


class Pause(models.Model):
    """A time in which somebody lets themselves pay nothing. It is not ended early, by nobody."""

    class Kind(models.TextChoices):
        COOL_OFF = "cool_off", _("Cool-off")
        EXCLUSION = "exclusion", _("Self-exclusion")

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=9, choices=Kind)
    at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["subject", "until"], name="wallet_pause_of")]

    def __str__(self) -> str:
        return f"pause {self.pk}"


_OF_HOLDER = found_by("the wallet.Holder of the same number, while it is there")
_WALLET = personal("user.payment.wallet", keep="account_life")
_LIMITS = personal("user.payment.limits", keep="account_life")

declare("wallet.Holder", "subject", subject=derived("the path itself"), number=_WALLET)
declare(
    "wallet.Account",
    _OF_HOLDER,
    kind=_WALLET,
    number=derived("number of the holder"),
    detail=not_personal("a provider, a studio, or the random number of a session"),
    floor=not_personal("0, or none"),
    balance=_WALLET,
)
declare(
    "wallet.Transfer",
    _OF_HOLDER,
    key=not_personal("names one movement"),
    kind=_WALLET,
    reference=not_personal("the random number of what was paid"),
    at=_WALLET,
)
declare("wallet.Entry", _OF_HOLDER, transfer=derived("the movement"), account=derived("the account"), amount=_WALLET)
declare(
    "wallet.SpendingLimit",
    "subject",
    subject=derived("the path itself"),
    per_day=_LIMITS,
    next_per_day=_LIMITS,
    next_from=_LIMITS,
)
declare("wallet.Pause", "subject", subject=derived("the path itself"), kind=_LIMITS, at=_LIMITS, until=_LIMITS)
