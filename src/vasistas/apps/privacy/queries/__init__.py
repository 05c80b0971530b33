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
from vasistas.apps.privacy.queries.corrections import corrections_of
from vasistas.apps.privacy.queries.exports import ExportLinkSpent, get_export_link_for, hash_token, open_export_link
from vasistas.apps.privacy.queries.recipients import escalated, notices_of, waiting

__all__ = [
    "ExportLinkSpent",
    "approvals_of_policy",
    "corrections_of",
    "escalated",
    "get_export_link_for",
    "has_put_away",
    "hash_token",
    "notices_of",
    "open_export_link",
    "policy_candidate",
    "settled_notices",
    "told_by",
    "waiting",
    "waiting_notices",
]
