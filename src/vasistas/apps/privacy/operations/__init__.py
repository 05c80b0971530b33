"""Writes on subjects and on what they ask for."""

from vasistas.apps.privacy.operations.erasing import Erased, RowsLeft, came_back, erase, replay, rows_of
from vasistas.apps.privacy.operations.exports import finish_export, make_export_link, start_export
from vasistas.apps.privacy.operations.subjects import create_subject

__all__ = [
    "Erased",
    "RowsLeft",
    "came_back",
    "create_subject",
    "erase",
    "finish_export",
    "make_export_link",
    "replay",
    "rows_of",
    "start_export",
]
