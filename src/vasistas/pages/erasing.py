"""What the pages of an erasure say: what goes, by category, and the word that confirms it."""

from typing import Any

from django.utils.translation import gettext as _

from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Words
from vasistas.pages import my_data


def word() -> str:
    return _("ERASE")


def is_confirmed(typed: str) -> bool:
    return typed.strip().casefold() == word().casefold()


def what_goes(subject_id: int) -> "list[my_data.Held]":
    """Every category with rows."""
    return [one for one in my_data.overview(subject_id) if one.rows]


def what_went(said: dict[str, Any] | None) -> list[tuple[Words, int]]:
    """The categories of a certificate, by the titles the policy gives them now; one it has no more keeps its key."""
    known = get_policy().categories
    rows = said["rows_by_category"] if said else {}
    return [(known[key].title if key in known else {"en": key}, count) for key, count in rows.items()]
