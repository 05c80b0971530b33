"""Reads about shows. `get_show_for` is the only door to one; `view_for` is what both sides see of it."""

from vasistas.apps.shows.queries.doors import (
    audience,
    audience_of,
    current_of,
    get_show_for,
    is_host,
    offer_of,
    people_of,
    ref_for,
    request_of,
    running_ids,
    seat_of,
)
from vasistas.apps.shows.queries.lists import (
    Past,
    Request,
    Said,
    history_of,
    lines_of,
    open_requests,
)
from vasistas.apps.shows.queries.shown import Clock, Present, ShowView, Terms, is_connected, terms_of, view_for

__all__ = [
    "Clock",
    "Past",
    "Present",
    "Request",
    "Said",
    "ShowView",
    "Terms",
    "audience",
    "audience_of",
    "current_of",
    "get_show_for",
    "history_of",
    "is_connected",
    "is_host",
    "lines_of",
    "offer_of",
    "open_requests",
    "people_of",
    "ref_for",
    "request_of",
    "running_ids",
    "seat_of",
    "terms_of",
    "view_for",
]
