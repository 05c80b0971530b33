"""What is done with conversations: taken in, answered, closed."""

from vasistas.apps.support.operations.answering import answer, note, say_from_form, send_due
from vasistas.apps.support.operations.desk import (
    assign,
    close,
    close_forgotten,
    merge,
    open_window,
    reopen,
    set_urgent,
)
from vasistas.apps.support.operations.intake import accept, address_for, is_ours, report, take_in
from vasistas.apps.support.operations.probing import probe

__all__ = [
    "accept",
    "address_for",
    "answer",
    "assign",
    "close",
    "close_forgotten",
    "is_ours",
    "merge",
    "note",
    "open_window",
    "probe",
    "reopen",
    "report",
    "say_from_form",
    "send_due",
    "set_urgent",
    "take_in",
]
