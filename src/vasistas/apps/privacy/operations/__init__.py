"""Writes on subjects and on what they ask for."""

from vasistas.apps.privacy.operations.changes import (
    ApprovedBefore,
    FilesChanged,
    approve_policy,
    claim_notice,
    give_notice_back,
    note_refused,
    note_told,
    put_notice_away,
    release_policy,
)
from vasistas.apps.privacy.operations.consents import (
    ConsentRefused,
    Said,
    give_consent,
    lift_objection,
    object_to_marketing,
    withdraw_consent,
)
from vasistas.apps.privacy.operations.corrections import note_correction
from vasistas.apps.privacy.operations.erasing import Erased, RowsLeft, came_back, erase, replay, rows_of
from vasistas.apps.privacy.operations.exports import finish_export, make_export_link, start_export
from vasistas.apps.privacy.operations.recipients import (
    send_again,
    send_notice,
    send_notices,
    settle_by_hand,
    tell_recipients,
)
from vasistas.apps.privacy.operations.subjects import create_subject

__all__ = [
    "ApprovedBefore",
    "ConsentRefused",
    "Erased",
    "FilesChanged",
    "RowsLeft",
    "Said",
    "approve_policy",
    "came_back",
    "claim_notice",
    "create_subject",
    "erase",
    "finish_export",
    "give_consent",
    "give_notice_back",
    "lift_objection",
    "make_export_link",
    "note_correction",
    "note_refused",
    "note_told",
    "object_to_marketing",
    "put_notice_away",
    "release_policy",
    "replay",
    "rows_of",
    "send_again",
    "send_notice",
    "send_notices",
    "settle_by_hand",
    "start_export",
    "tell_recipients",
    "withdraw_consent",
]
