"""Writes on subjects and on what they ask for."""

from vasistas.apps.privacy.operations.erasing import Erased, RowsLeft, erase, rows_of
from vasistas.apps.privacy.operations.exports import finish_export, make_export_link, start_export
from vasistas.apps.privacy.operations.subjects import create_subject

__all__ = [
    "Erased",
    "RowsLeft",
    "create_subject",
    "erase",
    "finish_export",
    "make_export_link",
    "rows_of",
    "start_export",
]
