"""What people ask under their rights, each with a clock and a history of its steps."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.apps.privacy.models.subjects import Subject
from vasistas.guard.declarations import declare, derived, not_personal, personal, sealed
from vasistas.guard.sealed import SealedRow, SealedText

REQUEST_CHARS_MAX = 5000  # code points of what is asked, and of an answer
NOTE_CHARS_MAX = 2000  # of a reason or a note beside a step
ADDRESS_CHARS_MAX = 254  # RFC 5321, of a mail address
OPEN_REQUESTS_MAX = 10  # of one person at a time; an answered, refused or withdrawn one makes room


class RightsRequest(SealedRow):
    """One request under GDPR Art. 15 to 22. The subject's key seals what was asked and what was answered.

    address: where an answer goes when the person has no account; else their account's. handled_by: the staff's subject.
    purpose: of an objection, the use objected to. submit_key: of the form, so that sending it twice is sending it once.
    warned: how many of WARN_DAYS have been told to the operator.
    """

    class Kind(models.TextChoices):
        ACCESS = "access", _("Access")
        CORRECTION = "correction", _("Correction")
        ERASURE = "erasure", _("Erasure")
        RESTRICTION = "restriction", _("Restriction")
        OBJECTION = "objection", _("Objection")
        PORTABILITY = "portability", _("Portability")
        REVIEW = "review", _("Review by a human")
        OTHER = "other", _("Something else")

    class Via(models.TextChoices):
        ACCOUNT = "account", _("My Account")
        MAIL_LINK = "mail_link", _("Link by mail")
        MAIL = "mail", _("Mail")
        POST = "post", _("Letter")
        STAFF = "staff", _("Staff")

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        VERIFYING = "verifying", _("Checking who asks")
        OPEN = "open", _("In hand")
        EXTENDED = "extended", _("Extended")
        ANSWERED = "answered", _("Answered")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind)
    via = models.CharField(max_length=16, choices=Via)
    state = models.CharField(max_length=16, choices=State, default=State.RECEIVED)
    purpose = models.CharField(max_length=64, blank=True)
    text = SealedText(key_class="support", chars_max=REQUEST_CHARS_MAX, blank=True)
    address = SealedText(key_class="identity", chars_max=ADDRESS_CHARS_MAX, blank=True)
    answer = SealedText(key_class="support", chars_max=REQUEST_CHARS_MAX, blank=True)
    received_at = models.DateTimeField()
    due_date = models.DateField()
    extended_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.ForeignKey(Subject, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    submit_key = models.UUIDField(default=uuid.uuid4)
    warned = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "submit_key"], name="privacy_request_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject", "-id"], name="privacy_request_newest"),
            models.Index(fields=["state", "due_date"], name="privacy_request_due"),
            models.Index(fields=["closed_at"], name="privacy_request_oldest"),
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in UNANSWERED


# No personal column is read to count them: a look at the clock is a read of nobody.
UNANSWERED = tuple(RightsRequest.State(one) for one in ("received", "verifying", "open", "extended"))


class RequestStep(SealedRow):
    """What became of a request, one row a step; rows are added and never changed."""

    class Kind(models.TextChoices):
        RECEIVED = "received", _("Received")
        VERIFYING = "verifying", _("We check who asks")
        TAKEN = "taken", _("Taken in hand")
        EXTENDED = "extended", _("Extended")
        ANSWERED = "answered", _("Answered")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class By(models.TextChoices):
        PERSON = "person", _("you")
        STAFF = "staff", _("our staff")
        SITE = "site", _("the site itself")

    request = models.ForeignKey(RightsRequest, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=16, choices=Kind)
    by = models.CharField(max_length=8, choices=By)
    note = SealedText(key_class="support", chars_max=NOTE_CHARS_MAX, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"step {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises: TypeError: the step stands already."""
        if not self._state.adding:
            raise TypeError("Steps are added and never changed. Add another one.")
        super().save(*args, **kwargs)


class UseObjection(models.Model):
    """An objection in force: `purpose` is no longer used on the subject's data (GDPR Art. 21(1)). Ends with its row."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["purpose", "subject"], name="privacy_objection_once")]

    def __str__(self) -> str:
        return f"objection {self.pk}"


_PATH = derived("the path to the person")
_ASKED = personal("user.request", keep="request")

declare(
    "privacy.RightsRequest",
    "subject",
    subject=_PATH,
    row_key=not_personal("random; binds what is sealed to its row"),
    kind=_ASKED,
    via=_ASKED,
    state=not_personal("a state"),
    purpose=_ASKED,
    text=sealed("user.request", keep="request", key_class="support"),
    address=sealed("user.contact.email", keep="request", key_class="identity"),
    answer=sealed("user.request", keep="request", key_class="support"),
    received_at=_ASKED,
    due_date=not_personal("a clock of the operator's"),
    extended_at=_ASKED,
    closed_at=_ASKED,
    handled_by=derived("the staff's own account"),
    submit_key=not_personal("random"),
    warned=not_personal("a count"),
)
declare(
    "privacy.RequestStep",
    "request__subject",
    request=_PATH,
    row_key=not_personal("random; binds what is sealed to its row"),
    kind=_ASKED,
    by=not_personal("a role"),
    note=sealed("user.request", keep="request", key_class="support"),
    at=_ASKED,
)
declare(
    "privacy.UseObjection",
    "subject",
    subject=_PATH,
    purpose=not_personal("the fence: which use is stopped; in the person's own words it stands in their request"),
    at=personal("user.request", keep="account_life"),
)
