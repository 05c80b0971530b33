"""Whole numbers as addresses and forms carry them: text of anybody's choice."""

BIGINT_DIGITS_MAX = 18  # all of them fit a database's bigint


def whole(text: str, *, digits_max: int = BIGINT_DIGITS_MAX) -> int | None:
    """Return a number of at most so many ASCII digits, or None for any other text."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits_max else None
