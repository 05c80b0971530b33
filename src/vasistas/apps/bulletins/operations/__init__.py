"""Writes on contacts, campaigns and refusals."""

from vasistas.apps.bulletins.operations.contacts import (
    CodeRefused,
    NothingChosen,
    ask_by_mail,
    ask_by_sms,
    confirm,
    confirm_number,
    ensure_of_member,
    follow_address,
    forget_number,
    forget_unconfirmed,
    set_pace,
    texts,
)
from vasistas.apps.bulletins.operations.entering import LineRefused, enter_refusal, import_refusals
from vasistas.apps.bulletins.operations.news import announce_live, schedule_digests
from vasistas.apps.bulletins.operations.refusing import note_choice, refuse, refuse_address, refuse_token
from vasistas.apps.bulletins.operations.sending import recover, send_due, send_unclear_again
from vasistas.apps.bulletins.operations.suppressing import cancel, places_of, release, suppress

__all__ = [
    "CodeRefused",
    "LineRefused",
    "NothingChosen",
    "announce_live",
    "ask_by_mail",
    "ask_by_sms",
    "cancel",
    "confirm",
    "confirm_number",
    "ensure_of_member",
    "enter_refusal",
    "follow_address",
    "forget_number",
    "forget_unconfirmed",
    "import_refusals",
    "note_choice",
    "places_of",
    "recover",
    "refuse",
    "refuse_address",
    "refuse_token",
    "release",
    "schedule_digests",
    "send_due",
    "send_unclear_again",
    "set_pace",
    "suppress",
    "texts",
]
