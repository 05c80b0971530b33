"""The receipt of a show: what was agreed, who was there, what was delivered and what it cost.

Signed with the key of the platform, that of the read log. It names nobody: people are references good in this show.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.shows import queries, rules
from vasistas.apps.shows.models import PAYING, Role, Seat, Show, State
from vasistas.apps.shows.operations import money
from vasistas.apps.shows.rules import ShowNotFound
from vasistas.guard.reads import operations as chain
from vasistas.lib import receipts as form

EVIDENCE_MAX = 500  # receipts of one pack


def receipt_for(*, show: Show, member: Member, at: datetime) -> str:
    """Return the receipt of a show that is over, as JSON; `signature` is Ed25519 over `lib.receipts.message_of`.

    Raises: ShowNotFound: it is not over, never ran, or the person neither paid nor hosted. AuditKeyRefused.
    """
    seat = queries.seat_of(show, member)
    if (
        show.state != State.ENDED
        or show.started_at is None
        or seat is None
        or seat.joined_at is None
        or seat.role == Role.STAFF
    ):
        raise ShowNotFound(_("There is no receipt of this show."))
    seats = list(Seat.objects.filter(show=show).order_by("pk"))
    refs = _refs_of(show, seats)
    said: dict[str, Any] = {
        "kind": form.KIND,
        "version": 1,
        "site": settings.SITE_NAME,
        "currency": settings.CURRENCY,
        "show": str(show.key),
        "for": seat.role,
        "you": refs[seat.pk],
        "terms": _terms_of(show),
        "requested_at": _moment(show.requested_at),
        "started_at": _moment(show.started_at),
        "ended_at": _moment(show.ended_at),
        "end_reason": show.end_reason,
        "present": [_present(one, refs[one.pk]) for one in seats if one.joined_at is not None],
        "paid": [_paid(one, refs[one.pk]) for one in seats if _is_told(one, seat)],
    }
    if seat.role == Role.HOST:
        said["split"] = _split_of(show)
    return signed(said, at)


def evidence_of(subject_id: int, since: datetime, until: datetime) -> Iterator[tuple[str, bytes]]:
    """Yield what somebody paid for in since <= start < until, EVIDENCE_MAX shows at most: (name, signed receipt)."""
    member = Member.objects.shown().filter(subject=subject_id).first()
    ran = {"state": State.ENDED, "started_at__gte": since, "started_at__lt": until}
    paid = Seat.objects.filter(subject=subject_id, role__in=PAYING, charged_minor__gt=0).values("show")
    if member is None:
        return
    for show in Show.objects.filter(pk__in=paid, **ran).order_by("pk")[:EVIDENCE_MAX]:
        yield f"{show.key}.json", receipt_for(show=show, member=member, at=until).encode()


def signed(said: Mapping[str, Any], at: datetime) -> str:
    """Raises: AuditKeyRefused."""
    key_id, public, signature = chain.sign(form.message_of(said), at=at)
    signature_said = {
        "algorithm": form.ALGORITHM,
        "key": key_id,
        "public_key": _text(public),
        "value": _text(signature),
    }
    return json.dumps({**said, "signature": signature_said}, indent=1, ensure_ascii=False)


def is_genuine(text: str) -> bool:
    """Whether a receipt is whole, by the key it names itself."""
    return not form.faults_of(text)


def _is_told(one: Seat, reader: Seat) -> bool:
    """Hosts are told what each seat paid, everybody else their own."""
    return one.role in PAYING and (reader.role == Role.HOST or one.pk == reader.pk)


def _refs_of(show: Show, seats: list[Seat]) -> dict[int, str]:
    people = queries.people_of(seats)
    return {
        seat.pk: queries.ref_for(people[seat.subject_id], show) if seat.subject_id in people else "" for seat in seats
    }


def _terms_of(show: Show) -> dict[str, Any]:
    return {
        "kind": show.kind,
        "price_minor": show.price,
        "per": "show" if show.kind == "ticket" else "minute",
        "minutes_min": show.budget_minutes_min,
        "spies": show.spy_price if show.allows_spies else None,
        "cam_to_cam": show.allows_cam,
        "recorded": show.is_recorded,
        "chat_kept": show.keeps_chat,
        "ticket_seconds_min": rules.TICKET_DELIVERED_S_MIN if show.kind == "ticket" else None,
    }


def _present(seat: Seat, ref: str) -> dict[str, Any]:
    return {"ref": ref, "role": seat.role, "from": _moment(seat.joined_at), "to": _moment(seat.left_at)}


def _paid(seat: Seat, ref: str) -> dict[str, Any]:
    return {
        "ref": ref,
        "role": seat.role,
        "price_minor": seat.price,
        "budget_minor": seat.budget,
        "delivered_s": seat.delivered_s,
        "charged_minor": seat.charged_minor,
    }


def _split_of(show: Show) -> dict[str, int]:
    """What the ledger says of it: who got how much of all that was charged."""
    got = money.shares_of(show)
    return {
        "platform_minor": got.get("revenue", 0),
        "studio_minor": got.get("studio", 0),
        "host_minor": got.get("host", 0),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
