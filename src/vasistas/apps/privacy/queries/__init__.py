"""Reads on what subjects asked for, chose and got."""

from vasistas.apps.privacy.queries.exports import ExportLinkSpent, get_export_link_for, hash_token, open_export_link

__all__ = ["ExportLinkSpent", "get_export_link_for", "hash_token", "open_export_link"]
