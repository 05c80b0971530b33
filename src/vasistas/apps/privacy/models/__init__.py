"""The person behind every row, and what they asked for, chose and got."""

from vasistas.apps.privacy.models.changes import (
    NOTICE_LEASE,
    NOTICE_PAUSE,
    NOTICE_TRIES_MAX,
    PolicyApproval,
    PolicyNotice,
)
from vasistas.apps.privacy.models.consents import OBJECTION, AppendOnly, Consent
from vasistas.apps.privacy.models.corrections import CORRECTED_CHARS_MAX, Correction
from vasistas.apps.privacy.models.erasures import Erasure
from vasistas.apps.privacy.models.exports import EXPORT_LINK_DAYS, EXPORT_STARTS_MAX, HASH_CHARS, ExportLink
from vasistas.apps.privacy.models.mail_links import RightsLink
from vasistas.apps.privacy.models.recipients import NOTICE_ATTEMPTS_MAX, RecipientNotice
from vasistas.apps.privacy.models.requests import (
    ADDRESS_CHARS_MAX,
    NOTE_CHARS_MAX,
    OPEN_REQUESTS_MAX,
    REQUEST_CHARS_MAX,
    UNANSWERED,
    RequestStep,
    RightsRequest,
    UseObjection,
)
from vasistas.apps.privacy.models.subjects import Subject

__all__ = [
    "ADDRESS_CHARS_MAX",
    "CORRECTED_CHARS_MAX",
    "EXPORT_LINK_DAYS",
    "EXPORT_STARTS_MAX",
    "HASH_CHARS",
    "NOTE_CHARS_MAX",
    "NOTICE_ATTEMPTS_MAX",
    "NOTICE_LEASE",
    "NOTICE_PAUSE",
    "NOTICE_TRIES_MAX",
    "OBJECTION",
    "OPEN_REQUESTS_MAX",
    "REQUEST_CHARS_MAX",
    "UNANSWERED",
    "AppendOnly",
    "Consent",
    "Correction",
    "Erasure",
    "ExportLink",
    "PolicyApproval",
    "PolicyNotice",
    "RecipientNotice",
    "RequestStep",
    "RightsLink",
    "RightsRequest",
    "Subject",
    "UseObjection",
]
