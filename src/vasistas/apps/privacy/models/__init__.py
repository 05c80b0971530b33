"""The person behind every row, and what they asked for, chose and got."""

from vasistas.apps.privacy.models.exports import EXPORT_LINK_DAYS, EXPORT_STARTS_MAX, HASH_CHARS, ExportLink
from vasistas.apps.privacy.models.subjects import Subject

__all__ = ["EXPORT_LINK_DAYS", "EXPORT_STARTS_MAX", "HASH_CHARS", "ExportLink", "Subject"]
