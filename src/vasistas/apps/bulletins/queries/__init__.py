"""Reads about contacts, audiences and campaigns."""

from vasistas.apps.bulletins.queries.contacts import contacts_of, get_contact
from vasistas.apps.bulletins.queries.ways import refusals_by_way

__all__ = ["contacts_of", "get_contact", "refusals_by_way"]
