"""Writes on shows. Each takes a show from `queries.get_show_for` or `current_of`; amounts are minor units.

Locks, always in this order: the show, its room, accounts of the ledger; the show's lock covers its seats. Network (the
media node) never inside a transaction.
"""

from vasistas.apps.shows.operations.asking import (
    Asked,
    Offered,
    accept,
    announce,
    begin,
    decline,
    request,
    set_offer,
    withdraw,
)
from vasistas.apps.shows.operations.cams import close_cam, publish_cam, watch_cam
from vasistas.apps.shows.operations.ending import end, end_all_of, end_of_banned, finish
from vasistas.apps.shows.operations.metering import note_delivered, recover, tick
from vasistas.apps.shows.operations.receipts import evidence_of, is_genuine, receipt_for, signed
from vasistas.apps.shows.operations.seats import attend, extend, join, leave, mark_present, spy
from vasistas.apps.shows.operations.talk import say

__all__ = [
    "Asked",
    "Offered",
    "accept",
    "announce",
    "attend",
    "begin",
    "close_cam",
    "decline",
    "end",
    "end_all_of",
    "end_of_banned",
    "evidence_of",
    "extend",
    "finish",
    "is_genuine",
    "join",
    "leave",
    "mark_present",
    "note_delivered",
    "publish_cam",
    "receipt_for",
    "recover",
    "request",
    "say",
    "set_offer",
    "signed",
    "spy",
    "tick",
    "watch_cam",
    "withdraw",
]
