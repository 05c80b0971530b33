"""What the pages of an erasure say: what goes, by category, and the word that confirms it."""

from django.utils.translation import gettext as _

from vasistas.pages import my_data


def word() -> str:
    return _("ERASE")


def is_confirmed(typed: str) -> bool:
    return typed.strip().casefold() == word().casefold()


def what_goes(subject_id: int) -> "list[my_data.Held]":
    """Every category with rows."""
    return [one for one in my_data.overview(subject_id) if one.rows]
