"""Who is paid, each payment to them, and what the law makes the operator keep of it."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.apps.privacy.models import Subject
from vasistas.apps.providers.models import Studio
from vasistas.apps.wallet.models import Account
from vasistas.guard.declarations import declare, derived, found_by, not_personal, personal, sealed
from vasistas.guard.sealed import SealedRow, SealedText, SiteSealedText

NAME_CHARS_MAX = 70  # ISO 20022, Max70Text of a creditor's name in SEPA
ADDRESS_CHARS_MAX = 300
TAX_NUMBER_CHARS_MAX = 30
VAT_NUMBER_CHARS_MAX = 20
IBAN_CHARS_MAX = 34  # ISO 13616
BIC_CHARS_MAX = 11  # ISO 9362
DATE_CHARS = 10  # YYYY-MM-DD
REASON_CHARS_MAX = 300
RECORD_CHARS_MAX = 20_000_000  # the file of a whole run
HASH_CHARS = 64  # SHA-256 in hex


class Payee(SealedRow):
    """What is needed to pay one person, host or owner of a studio, and to tell the tax office (DAC7).

    All that names them is sealed with their own key. iban_at: when the account number was last typed; payouts wait for
    a while after it. refused_at: when a payment came back; until another number is typed nothing is sent.
    """

    class Kind(models.TextChoices):
        PRIVATE = "private", _("A private person")
        BUSINESS = "business", _("A business")

    class Vat(models.TextChoices):
        NONE = "none", _("Not in business for VAT")
        SMALL = "small", _("Small enterprise, exempt")
        REGISTERED = "registered", _("Registered for VAT")

    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    country = models.CharField(max_length=2)
    legal_name = SealedText(key_class="identity", chars_max=NAME_CHARS_MAX)
    address = SealedText(key_class="identity", chars_max=ADDRESS_CHARS_MAX)
    born_on = SealedText(key_class="identity", chars_max=DATE_CHARS, blank=True)
    tax_number = SealedText(key_class="identity", chars_max=TAX_NUMBER_CHARS_MAX)
    vat = models.CharField(max_length=10, choices=Vat)
    vat_number = SealedText(key_class="identity", chars_max=VAT_NUMBER_CHARS_MAX, blank=True)
    iban = SealedText(key_class="identity", chars_max=IBAN_CHARS_MAX)
    bic = SealedText(key_class="identity", chars_max=BIC_CHARS_MAX, blank=True)
    changed_at = models.DateTimeField()
    iban_at = models.DateTimeField()
    refused_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    held_because = SealedText(key_class="identity", chars_max=REASON_CHARS_MAX, blank=True)

    def __str__(self) -> str:
        return f"payee {self.pk}"


class ShareNotice(models.Model):
    """The owner of a studio sets what its hosts get, percent of what the platform leaves; counts from `from_at`."""

    studio = models.ForeignKey(Studio, on_delete=models.CASCADE, related_name="+")
    percent = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()
    from_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(percent__lte=100), name="payouts_share_percent"),
            models.UniqueConstraint(
                fields=["studio"], condition=models.Q(applied_at=None), name="payouts_one_open_notice"
            ),
        ]

    def __str__(self) -> str:
        return f"notice of a share {self.pk}"


class PayoutRun(models.Model):
    """What staff prepared to be paid at once. Two people approve it; then it is paid, whatever is interrupted."""

    class State(models.TextChoices):
        OPEN = "open", _("Waits for two people")
        PAYING = "paying", _("Being paid")
        PAID = "paid", _("Paid")
        DROPPED = "dropped", _("Dropped")

    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    prepared_by = models.ForeignKey(Subject, on_delete=models.SET_NULL, null=True, related_name="+")
    prepared_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["state"], condition=models.Q(state="open"), name="payouts_one_open_run"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"


class RunApproval(models.Model):
    """One member of staff approves exactly these payments. contents: SHA-256 of them; others need other approvals."""

    run = models.ForeignKey(PayoutRun, on_delete=models.CASCADE, related_name="approvals")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    contents = models.CharField(max_length=HASH_CHARS)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "contents", "subject"], name="payouts_one_approval_each"),
        ]

    def __str__(self) -> str:
        return f"approval of a run {self.pk}"


class Payout(models.Model):
    """One payment from an account of the ledger to its holder's bank. amount: minor units."""

    class State(models.TextChoices):
        PREPARED = "prepared", _("Prepared")
        PAID = "paid", _("Sent to the bank")
        HELD = "held", _("Not paid")
        RETURNED = "returned", _("Returned by the bank")
        DROPPED = "dropped", _("Dropped")

    class Reason(models.TextChoices):
        """Why a payment waits or came back; what begins with two letters is a code of ISO 20022."""

        NO_DETAILS = "no_details", _("your payout details are missing")
        NEW_IBAN = "new_iban", _("your account number is new: payouts wait for 72 hours after a change")
        REFUSED = "refused", _("the bank returned the last payment: check your account number and type it again")
        BY_STAFF = "by_staff", _("our staff looks into it")
        RESTRICTED = "restricted", _("you asked us to keep your data and not to use it")
        GONE = "gone", _("the account was closed")
        BALANCE = "balance", _("the balance fell below the amount")
        WRONG_ACCOUNT = "AC01", _("wrong account number")
        CLOSED_ACCOUNT = "AC04", _("the bank account is closed")
        BLOCKED_ACCOUNT = "AC06", _("the bank account is blocked")
        FORBIDDEN = "AG01", _("this kind of account takes no such payment")
        DECEASED = "MD07", _("the holder of the bank account has died")
        WRONG_NAME = "BE01", _("name and account number do not belong together")
        UNSAID = "MS03", _("the bank gave no reason")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="payouts")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.PREPARED)
    reason = models.CharField(max_length=10, choices=Reason, blank=True)
    at = models.DateTimeField()  # of the state

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payouts_amount_above_zero"),
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(state="prepared"), name="payouts_one_prepared_each"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "-at"], name="payouts_of_account")]

    def __str__(self) -> str:
        return f"payout {self.pk}"


class Record(SealedRow):
    """What accounting and tax law make the operator keep, and nothing else. `content` is JSON (of a run's file: the
    file), sealed with a key of the site, so that it is read after its person was erased, for the books alone.

    number: of the holder in the ledger; None: of a whole run.
    """

    class Kind(models.TextChoices):
        PAYOUT = "payout", _("Payment")
        RETURN = "return", _("Returned payment")
        CLOSING = "closing", _("Account closed")
        FILE = "file", _("Payment file")

    kind = models.CharField(max_length=8, choices=Kind)
    number = models.UUIDField(null=True, blank=True)
    about = models.CharField(max_length=36)  # id of the payout or run; of a closing the number
    content = SiteSealedText(key_class="identity", chars_max=RECORD_CHARS_MAX)
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "about"], name="payouts_record_once")]
        indexes: ClassVar = [
            models.Index(fields=["number"], name="payouts_record_of"),
            models.Index(fields=["made_at"], name="payouts_record_oldest"),
        ]

    def __str__(self) -> str:
        return f"record {self.pk}"


_PATH = derived("the path to the person")
_SEALED = sealed("host.payment", keep="contract", key_class="identity")
_PLAIN = personal("host.payment", keep="contract")
_BUSINESS = personal("host.business", keep="contract")
_OF_HOLDER = found_by("the wallet.Holder of the same number, while it is there")
_ROW_KEY = not_personal("random; binds what is sealed to its row")

declare(
    "payouts.Payee",
    "subject",
    subject=_PATH,
    row_key=_ROW_KEY,
    kind=_PLAIN,
    country=_PLAIN,
    legal_name=_SEALED,
    address=_SEALED,
    born_on=_SEALED,
    tax_number=_SEALED,
    vat=_PLAIN,
    vat_number=_SEALED,
    iban=_SEALED,
    bic=_SEALED,
    changed_at=_PLAIN,
    iban_at=_PLAIN,
    refused_at=_PLAIN,
    held_at=_PLAIN,
    held_because=_SEALED,
)
declare(
    "payouts.ShareNotice",
    "studio__owner__subject",
    studio=_PATH,
    percent=_BUSINESS,
    made_at=_BUSINESS,
    from_at=_BUSINESS,
    applied_at=_BUSINESS,
)
declare(
    "payouts.PayoutRun",
    None,
    state=not_personal("a state"),
    prepared_by=not_personal("a row that holds nothing of them once they are erased"),
    prepared_at=not_personal("a time of the books"),
    approved_at=not_personal("a time of the books"),
    closed_at=not_personal("a time of the books"),
)
declare(
    "payouts.RunApproval",
    "subject",
    run=not_personal("what was approved"),
    subject=_PATH,
    contents=not_personal("a hash of amounts"),
    at=personal("user.account.activity", keep="account_life"),
)
declare(
    "payouts.Payout",
    _OF_HOLDER,
    run=not_personal("what it was paid with"),
    account=derived("the account of the ledger"),
    amount=personal("user.payment.wallet", keep="account_life"),
    state=personal("user.payment.wallet", keep="account_life"),
    reason=personal("user.payment.wallet", keep="account_life"),
    at=personal("user.payment.wallet", keep="account_life"),
)
declare(
    "payouts.Record",
    _OF_HOLDER,
    row_key=_ROW_KEY,
    kind=personal("host.payment.record", keep="accounting"),
    number=not_personal("random; leads to somebody while the wallet.Holder of it is there"),
    about=not_personal("random, or a number of a run"),
    content=sealed("host.payment.record", keep="accounting", key_class="identity"),
    made_at=personal("host.payment.record", keep="accounting"),
)
