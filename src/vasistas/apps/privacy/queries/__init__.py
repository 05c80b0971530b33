"""Reads on what subjects asked for, chose and got."""

from vasistas.apps.privacy.queries.changes import (
    approvals_of_policy,
    has_put_away,
    notices_of,
    policy_candidate,
    settled_notices,
    told_by,
    waiting_notices,
)
from vasistas.apps.privacy.queries.consents import (
    Choices,
    State,
    choices_of,
    consent_records,
    get_consent_for,
    has_overruled_gpc,
    known,
    may,
    may_each,
)
from vasistas.apps.privacy.queries.corrections import corrections_of
from vasistas.apps.privacy.queries.erasures import get_erasure_for
from vasistas.apps.privacy.queries.exports import ExportLinkSpent, get_export_link_for, hash_token, open_export_link
from vasistas.apps.privacy.queries.mail_links import RightsLinkSpent, get_rights_link_for
from vasistas.apps.privacy.queries.receipts import receipt_of
from vasistas.apps.privacy.queries.recipients import escalated, recipient_notices_of, waiting
from vasistas.apps.privacy.queries.requests import (
    due_soon_count,
    get_request,
    get_request_for,
    is_restricted,
    objected_purposes,
    overdue_count,
    queue,
    requests_of,
)

__all__ = [
    "Choices",
    "ExportLinkSpent",
    "RightsLinkSpent",
    "State",
    "approvals_of_policy",
    "choices_of",
    "consent_records",
    "corrections_of",
    "due_soon_count",
    "escalated",
    "get_consent_for",
    "get_erasure_for",
    "get_export_link_for",
    "get_request",
    "get_request_for",
    "get_rights_link_for",
    "has_overruled_gpc",
    "has_put_away",
    "hash_token",
    "is_restricted",
    "known",
    "may",
    "may_each",
    "notices_of",
    "objected_purposes",
    "open_export_link",
    "overdue_count",
    "policy_candidate",
    "queue",
    "receipt_of",
    "recipient_notices_of",
    "requests_of",
    "settled_notices",
    "told_by",
    "waiting",
    "waiting_notices",
]
