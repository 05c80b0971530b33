"""What people consented and objected to: records that are added to, and never changed."""

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.apps.privacy.models.subjects import Subject
from vasistas.guard.declarations import declare, derived, not_personal, personal

KEY_CHARS_MAX = 64
TEXT_HASH_CHARS = 64  # SHA-256 in hex
LANGUAGE_CHARS_MAX = 8
OBJECTION = "direct_marketing"  # the key of records of objections (GDPR Art. 21(2))


class AppendOnly(TypeError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """Code tried to change a record of consent. The database refuses it as well."""


class ConsentRows(models.QuerySet["Consent"]):
    def update(self, **_values: Any) -> int:
        raise AppendOnly("Records of consent are never changed: add one.")

    def bulk_update(self, *_args: Any, **_options: Any) -> int:
        raise AppendOnly("Records of consent are never changed: add one.")


class Consent(models.Model):
    """One choice of one person (GDPR Art. 7(1), 21). The latest of a switch and channel counts.

    Added and never changed: triggers refuse UPDATE, and DELETE while the subject is not being erased.
    """

    class Act(models.TextChoices):
        GIVEN = "given", _("Switched on")
        WITHDRAWN = "withdrawn", _("Switched off")
        OBJECTED = "objected", _("Objected to advertising")
        LIFTED = "lifted", _("Objection taken back")

    class Source(models.TextChoices):
        ACCOUNT = "account", _("My Account")
        LINK = "link", _("a link in a letter")
        GPC = "gpc", _("Global Privacy Control of the browser")
        SMS = "sms", _("an SMS")
        MAIL = "mail", _("a mail")
        STAFF = "staff", _("told to staff")
        IMPORT = "import", _("an import")

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    receipt_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=KEY_CHARS_MAX)
    channel = models.CharField(max_length=8, blank=True)
    act = models.CharField(max_length=9, choices=Act)
    policy_version = models.PositiveIntegerField()
    text_hash = models.CharField(max_length=TEXT_HASH_CHARS)
    language = models.CharField(max_length=LANGUAGE_CHARS_MAX)
    source = models.CharField(max_length=7, choices=Source)
    at = models.DateTimeField()

    objects = ConsentRows.as_manager()

    class Meta:
        indexes = (models.Index(fields=["subject", "key"], name="privacy_consent_of"),)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(act="given") | models.Q(source__in=["account", "link"]),
                name="consent_is_given_in_person",
            ),
            models.CheckConstraint(
                condition=~models.Q(act="lifted") | models.Q(source="account"), name="objection_is_lifted_in_person"
            ),
        )

    def __str__(self) -> str:
        return f"consent {self.pk}"

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("Records of consent are never changed: add one.")
        super().save(*args, **options)


_HELD = personal("user.preference.consent", keep="account_life")
declare(
    "privacy.Consent",
    "subject",
    subject=derived("the path itself"),
    receipt_id=not_personal("random; names the receipt"),
    key=_HELD,
    channel=_HELD,
    act=_HELD,
    policy_version=_HELD,
    text_hash=_HELD,
    language=_HELD,
    source=_HELD,
    at=_HELD,
)
