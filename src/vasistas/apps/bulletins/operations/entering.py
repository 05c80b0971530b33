"""Refusals that came to somebody else: told to staff, or in a list of another system."""

from collections.abc import Iterable
from datetime import date, datetime

from django.contrib.admin.models import ADDITION, LogEntry
from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.bulletins import rules
from vasistas.apps.bulletins.models import Channel
from vasistas.apps.bulletins.operations.refusing import refuse_address
from vasistas.apps.privacy.models import Consent
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError

LINES_MAX = 50_000  # of one import: it is one transaction, and other writers wait for it
FAULTS_MAX = 20  # that are told at once


class LineRefused(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """Lines of a list are neither addresses nor numbers. Nothing was written. The message names the lines' numbers."""

    status = 422
    code = "bulletins.line_refused"


def channel_of(address: str) -> str:
    """By which channel something that somebody typed is reached: an address has an @, a number has none."""
    return str(Channel.MAIL if "@" in address else Channel.SMS)


def enter_refusal(*, address: str, came_by: str, received: date, staff_id: int, at: datetime) -> None:
    """Object for whoever has an address or number, because they told staff. The staff's journal keeps who entered it,
    how it came and on which day; never the address. came_by: a word. staff_id: of the member of staff.

    Raises: AddressRefused: it is neither.
    """
    with transaction.atomic():
        refuse_address(channel=channel_of(address), address=address, source=Consent.Source.STAFF, at=at)
        with processing("staff"):
            LogEntry.objects.create(
                user_id=staff_id,
                action_flag=ADDITION,
                object_repr="refusal",
                change_message=f"{came_by}, received {received.isoformat()}",
            )


def import_refusals(lines: Iterable[str], *, at: datetime) -> tuple[int, int]:
    """Object for whoever has one of many addresses and numbers, one a line; empty lines and those that begin with #
    are left out. All or nothing. Return how many lines were read, and how many of them were new.

    Raises: LineRefused: with the numbers of the first FAULTS_MAX faulty lines, or more than LINES_MAX lines.
    """
    given: dict[tuple[str, str], None] = {}
    faults, count = [], 0
    for number, line in enumerate(lines, start=1):
        if number > LINES_MAX:
            raise LineRefused(_("The list is longer than %(count)d lines. Split it.") % {"count": LINES_MAX})
        address = line.strip()
        if not address or address.startswith("#"):
            continue
        count += 1
        channel = channel_of(address)
        try:
            given[channel, rules.normalised(channel, address)] = None
        except rules.AddressRefused as refused:
            faults.append(f"line {number}: {refused.message}")
    if faults:
        more = [f"and {len(faults) - FAULTS_MAX} more"] if len(faults) > FAULTS_MAX else []
        raise LineRefused("\n".join([*faults[:FAULTS_MAX], *more]))
    with transaction.atomic():
        new = [
            refuse_address(channel=channel, address=address, source=Consent.Source.IMPORT, at=at)
            for channel, address in given
        ]
    return count, sum(new)
