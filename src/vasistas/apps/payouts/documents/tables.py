"""CSV for spreadsheets: UTF-8 with its mark, commas, and no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

BOM = "\ufeff"  # without it a spreadsheet guesses the letters
_RUNS = ("=", "+", "-", "@", "\t", "\r")  # how a formula begins


def rows(head: Sequence[str], body: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield a table line by line. Texts that would run are put behind an apostrophe; numbers are left alone."""
    yield BOM + _line(head)
    for one in body:
        yield _line([_safe(cell) for cell in one])


def amount(minor: int) -> str:
    """`-1234` as `-12.34`: a number in every language's spreadsheet that reads points."""
    sign, size = "-" if minor < 0 else "", abs(minor)
    return f"{sign}{size // 100}.{size % 100:02}"


class Number(str):
    """A cell that is a number, written as it is."""

    __slots__ = ()


def _safe(cell: object) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(_RUNS) and not isinstance(cell, Number) else text


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
