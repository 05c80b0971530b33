"""Reads on what subjects asked for, chose and got."""

from vasistas.apps.privacy.queries.corrections import corrections_of
from vasistas.apps.privacy.queries.exports import ExportLinkSpent, get_export_link_for, hash_token, open_export_link
from vasistas.apps.privacy.queries.recipients import escalated, notices_of, waiting

__all__ = [
    "ExportLinkSpent",
    "corrections_of",
    "escalated",
    "get_export_link_for",
    "hash_token",
    "notices_of",
    "open_export_link",
    "waiting",
]
