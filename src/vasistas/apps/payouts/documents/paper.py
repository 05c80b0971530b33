"""A paper of one or more pages A4 as PDF: a heading, facts beside each other, tables, notes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings
from fpdf import FPDF
from fpdf.enums import XPos, YPos

FONTS = Path(settings.PACKAGE) / "static/vasistas/vendor/fonts"
FONT = "DejaVu"  # Latin, Greek and Cyrillic letters; others are drawn as boxes
MARGIN_MM, LINE_MM, GAP_MM = 18, 5.2, 4
TEXT_PT, SMALL_PT, HEAD_PT = 9.5, 8, 17
LABEL_MM = 48


@dataclass(frozen=True)
class Table:
    """head: of the columns; the first is words, the others are figures. total: a last row that stands out."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] = ()


@dataclass(frozen=True)
class Paper:
    """What stands on it, in order: title, sides (who, to whom) as (label, lines), facts, tables, notes."""

    title: str
    about: str
    sides: Sequence[tuple[str, str]] = ()
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    language: str = "en"
    foot: str = field(default="")


class _Sheet(FPDF):
    foot = ""

    def footer(self) -> None:
        self.set_y(-MARGIN_MM + 4)
        self.set_font(FONT, size=SMALL_PT)
        self.cell(0, 4, f"{self.foot}   {self.page_no()} / {{nb}}", align="C")


def pdf(paper: Paper, *, at: datetime) -> bytes:
    """Draw a paper. at: when it was made, in the file itself."""
    sheet = _Sheet(format="A4")
    sheet.foot = paper.foot
    sheet.add_font(FONT, "", FONTS / "dejavu-sans.ttf")
    sheet.add_font(FONT, "B", FONTS / "dejavu-sans-bold.ttf")
    sheet.set_title(paper.title)
    sheet.set_lang(paper.language)
    sheet.set_creation_date(at)
    sheet.set_margin(MARGIN_MM)
    sheet.set_auto_page_break(auto=True, margin=MARGIN_MM)
    sheet.add_page()
    _words(sheet, paper.title, size=HEAD_PT, bold=True)
    _words(sheet, paper.about)
    _sides(sheet, paper.sides)
    for label, value in paper.facts:
        _fact(sheet, label, value)
    for table in paper.tables:
        _table(sheet, table)
    sheet.ln(GAP_MM)
    for note in paper.notes:
        _words(sheet, note, size=SMALL_PT)
    return bytes(sheet.output())


def _words(sheet: FPDF, text: str, *, size: float = TEXT_PT, bold: bool = False) -> None:
    sheet.set_font(FONT, "B" if bold else "", size)
    sheet.multi_cell(0, LINE_MM * size / TEXT_PT, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ln(1)


def _sides(sheet: FPDF, sides: Sequence[tuple[str, str]]) -> None:
    if not sides:
        return
    sheet.ln(GAP_MM)
    width, top, low = sheet.epw / len(sides), sheet.get_y(), sheet.get_y()
    for number, (label, lines) in enumerate(sides):
        for text, style, size in ((label, "B", SMALL_PT), (lines, "", TEXT_PT)):
            sheet.set_font(FONT, style, size)
            sheet.set_xy(MARGIN_MM + number * width, top if style else sheet.get_y())
            sheet.multi_cell(width - GAP_MM, LINE_MM, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        low = max(low, sheet.get_y())
    sheet.set_xy(MARGIN_MM, low + GAP_MM)


def _fact(sheet: FPDF, label: str, value: str) -> None:
    sheet.set_font(FONT, "B", TEXT_PT)
    sheet.cell(LABEL_MM, LINE_MM, label)
    sheet.set_font(FONT, "", TEXT_PT)
    sheet.multi_cell(0, LINE_MM, value, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _table(sheet: FPDF, table: Table) -> None:
    if not table.rows:
        return
    sheet.ln(GAP_MM)
    _words(sheet, table.title, bold=True)
    sheet.set_font(FONT, "", TEXT_PT)
    widths = (3, *([1] * (len(table.head) - 1)))
    aligned = ("LEFT", *(["RIGHT"] * (len(table.head) - 1)))
    with sheet.table(
        col_widths=widths, text_align=aligned, line_height=LINE_MM, borders_layout="HORIZONTAL_LINES"
    ) as drawn:
        for cells in (table.head, *table.rows, *([table.total] if table.total else [])):
            row = drawn.row()
            for cell in cells:
                row.cell(cell)
