"""Which names a member may show."""

import re
from collections.abc import Iterable

from vasistas.apps.accounts.models import DISPLAY_NAME_CHARS_MAX, DISPLAY_NAME_CHARS_MIN
from vasistas.lib import lookalikes

NAME_SEPARATORS = " _-."
OPERATOR_NAME_CHARS_MIN = 8  # a name that is this much of the operator's name passes for the operator

STAFF_WORDS = (
    *("admin", "administrator", "administrateur", "moderator", "moderateur", "mod", "staff", "support", "helpdesk"),
    *("operator", "system", "root", "official", "security", "billing", "legal", "privacy", "webmaster", "postmaster"),
    *("админ", "администратор", "модератор", "поддержка"),
)
_STAFF_STEMS = ("admin", "moderat", "support")  # also refused where a longer word begins or ends with them


def has_valid_signs(name: str) -> bool:
    """Letters and digits of any script, with single separators between them."""
    return re.fullmatch(rf"[^\W_]+(?:[{re.escape(NAME_SEPARATORS)}][^\W_]+)*", name) is not None


def has_valid_length(name: str) -> bool:
    return DISPLAY_NAME_CHARS_MIN <= len(name) <= DISPLAY_NAME_CHARS_MAX


def is_staff_lookalike(name: str, *, house_names: Iterable[str]) -> bool:
    """Whether a reader could take `name` for the staff, the site or its operator (`house_names`).

    "Admin2", "4dm1n", "the_moderator", "Vasistas Team" could; "Badminton" could not.
    """
    words = name.translate(str.maketrans(NAME_SEPARATORS, " " * len(NAME_SEPARATORS))).split()
    spellings = {lookalikes.loose_key(part) for word in (*words, name) for part in (word, word.strip("0123456789"))}
    if spellings & {lookalikes.loose_key(word) for word in STAFF_WORDS}:
        return True
    if any(spelling.startswith(stem) or spelling.endswith(stem) for spelling in spellings for stem in _stems()):
        return True
    return any(_is_house_lookalike(spellings, lookalikes.loose_key(house)) for house in house_names)


def _stems() -> tuple[str, ...]:
    return tuple(lookalikes.loose_key(stem) for stem in _STAFF_STEMS)


def _is_house_lookalike(spellings: set[str], house: str) -> bool:
    if not house:
        return False
    return any(
        spelling.startswith(house) or (len(spelling) >= OPERATOR_NAME_CHARS_MIN and house.startswith(spelling))
        for spelling in spellings
    )
