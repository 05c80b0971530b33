"""Sending a campaign: written down first, leased in batches that are asked again, claimed one by one.

An objection counts at the next message: it cancels what is not claimed yet, and what is not claimed is not handed over.
After a crash what was leased goes back; what was claimed is `unclear`, for nobody knows, and is never sent by itself.
Sources: GDPR Art. 7(3), 21(3); docs/decisions/0028-sends-are-claimed-one-by-one.md.
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef
from django.utils import timezone

from vasistas.apps.bulletins import letters
from vasistas.apps.bulletins.models import PENDING, Campaign, Contact, Send, Suppression
from vasistas.apps.bulletins.operations import handing, news
from vasistas.apps.bulletins.operations.handing import Came, Result
from vasistas.apps.bulletins.operations.suppressing import cancel, suppress
from vasistas.apps.bulletins.queries import audience
from vasistas.apps.rooms.models import Room
from vasistas.guard import sealed
from vasistas.guard.egress.door import TransferRefused
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError

LEASE_MAX = 500  # messages of one lease
LEASED_FOR = timedelta(seconds=60)  # afterwards nothing of it may be claimed
ATTEMPTS_MAX = 5
BACK_OFF = timedelta(minutes=5)  # before the second attempt; doubled before each one after
AWAY_FOR = timedelta(minutes=1)  # when the server itself is not there
MINUTE = timedelta(minutes=1)  # a throttle counts in
RUN_S_MAX = 30.0  # of one campaign at a stretch; then the next one has its turn

State, Because, CampaignState = Send.State, Send.Because, Campaign.State
OPEN = (*PENDING, State.HANDING)

logger = logging.getLogger(__name__)

type Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Leased:
    """One message that may be claimed until the lease ends."""

    send_id: int
    contact: Contact
    address: str


@dataclass(frozen=True)
class Lease:
    id: uuid.UUID
    until: datetime
    messages: Sequence[Leased]


@processing("bulletins")
def send_due(clock: Clock = timezone.now, go_on: Callable[[], bool] = lambda: True) -> int:
    """Do what is due now: take up what a crash left, begin what is scheduled, send, close what is done. Return how
    many messages were handed over. clock: asked before every message. go_on: asked too; False ends it soon.
    """
    recover(clock())
    due = Campaign.objects.filter(state=CampaignState.SCHEDULED, scheduled_at__lte=clock()).order_by("scheduled_at")
    for campaign_id in list(due.values_list("pk", flat=True)):
        begin(campaign_id, clock())
    sending = Campaign.objects.filter(state=CampaignState.SENDING).order_by("started_at", "pk")
    return sum(_sent_of(campaign, clock, go_on) for campaign in list(sending))


@processing("bulletins")
def begin(campaign_id: int, at: datetime) -> int:
    """Write a send for everyone of the audience, and start; return how many. A repeat changes nothing. Locks: it."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        if campaign.state != CampaignState.SCHEDULED:
            return 0
        campaign.selected = audience.insert_sends(campaign, at)
        campaign.state, campaign.started_at = CampaignState.SENDING, at
        campaign.save(update_fields=["selected", "state", "started_at"])
    return campaign.selected


@processing("bulletins")
def send_campaign(campaign: Campaign, clock: Clock, go_on: Callable[[], bool] = lambda: True) -> int:
    """Hand over what is due of one campaign, for RUN_S_MAX at most; return how many messages went."""
    try:
        letter_of = news.letter_of(campaign)
    except DomainError:
        return _pause(campaign, "The text is not fit to be sent.")
    way, sent, until = handing.way_of(campaign), 0, time.monotonic() + RUN_S_MAX
    try:
        while go_on() and time.monotonic() < until and (lease := take_lease(campaign.pk, clock())) is not None:
            came = _send_lease(campaign, lease, (letter_of, way), clock, go_on)
            sent += came[Result.HANDED]
            if came[Result.AWAY]:
                break
    finally:
        way.close()
    finish(campaign.pk, clock())
    return sent


@processing("bulletins")
def take_lease(campaign_id: int, at: datetime) -> Lease | None:
    """Take the next messages, and ask again of each whether it may be sent; who may not is cancelled here.

    None: nothing is due, the throttle waits, or the campaign is not being sent. A lease may be empty.
    Locks: the campaign, then the sends.
    """
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().filter(pk=campaign_id, state=CampaignState.SENDING).first()
        if campaign is None or (limit := _allowed(campaign, at)) < 1:
            return None
        waiting = Send.objects.filter(campaign_id=campaign_id, state=State.QUEUED, not_before__lte=at)
        if is_stale(campaign):
            cancel(Send.objects.filter(campaign_id=campaign_id), because=Because.OFF_AIR)
            return None
        taken = waiting.select_for_update(skip_locked=True, of=("self",)).order_by("not_before")
        rows = list(taken.values_list("pk", "contact_id", "subject_id")[:limit])
        if not rows:
            return None
        allowed = audience.still(campaign, [row[1] for row in rows], [row[2] for row in rows], at)
        kept = {contact_id: pk for pk, contact_id, _subject in rows if contact_id in allowed}
        lease = Lease(uuid.uuid4(), at + LEASED_FOR, _opened(kept))
        refused = {row[0] for row in rows} - {one.send_id for one in lease.messages}
        cancel(Send.objects.filter(pk__in=refused), because=Because.WITHDRAWN)
        handing.let_out(campaign, [one.contact.subject_id for one in lease.messages])
        leased = Send.objects.filter(pk__in=[one.send_id for one in lease.messages])
        leased.update(state=State.LEASED, lease=lease.id, leased_until=lease.until)
    return lease


def claim(send_id: int, lease: Lease, at: datetime) -> bool:
    """Right before it is handed over; False: it may not be any more. From here on it is in nobody's hands but ours."""
    if at >= lease.until:
        return False
    mine = Send.objects.filter(pk=send_id, lease=lease.id, state=State.LEASED)
    sending = Campaign.objects.filter(pk=OuterRef("campaign_id"), state=CampaignState.SENDING)
    place = {"channel": OuterRef("contact__channel"), "index": OuterRef("contact__index")}
    is_barred = Exists(Suppression.objects.filter(**place))  # an objection may have met the lease half-way
    free = mine.filter(~is_barred).values("pk")
    return bool(mine.filter(Exists(sending), pk__in=free).update(state=State.HANDING))


@processing("bulletins")
def recover(at: datetime) -> tuple[int, int]:
    """Take up what a worker that died had in its hands; return how many wait again, and how many are unclear."""
    late = Send.objects.filter(state__in=[State.LEASED, State.HANDING], leased_until__lte=at)
    if not late.exists():
        return 0, 0
    again = late.filter(state=State.LEASED).update(state=State.QUEUED, lease=None, leased_until=None)
    with transaction.atomic():
        unclear = list(late.filter(state=State.HANDING).values_list("pk", "campaign_id"))
        rows = Send.objects.filter(pk__in=[row[0] for row in unclear], state=State.HANDING)
        rows.update(state=State.UNCLEAR, lease=None, leased_until=None)
        for campaign_id, count in Counter(row[1] for row in unclear).items():
            Campaign.objects.filter(pk=campaign_id).update(unclear=F("unclear") + count)
    return again, len(unclear)


@processing("bulletins")
def send_unclear_again(*, campaign_id: int, at: datetime) -> int:
    """Staff decided: whoever may have got nothing gets it, though some may get it twice. Return how many."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        unclear = Send.objects.filter(campaign_id=campaign_id, state=State.UNCLEAR)
        count = unclear.update(state=State.QUEUED, not_before=at)
        if count:
            campaign.state = CampaignState.SENDING if campaign.state == CampaignState.DONE else campaign.state
            campaign.unclear, campaign.done_at = 0, None
            campaign.save(update_fields=["state", "unclear", "done_at"])
    return count


@processing("bulletins")
def finish(campaign_id: int, at: datetime) -> bool:
    """Close a campaign of which nothing waits, and count it; False: something does, or it was closed."""
    if Send.objects.filter(campaign_id=campaign_id, state__in=OPEN).exists():
        return False
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().filter(pk=campaign_id, state=CampaignState.SENDING).first()
        if campaign is None:
            return False
        sends = Send.objects.filter(campaign_id=campaign_id)
        found = dict(sends.values_list("state").annotate(count=Count("pk")).order_by())
        for name in ("delivered", "bounced", "complained", "failed", "unclear"):
            setattr(campaign, name, found.get(name, 0))
        campaign.handed = sends.filter(handed_at__isnull=False).count()
        campaign.objected = sends.filter(because=Because.OBJECTED).count()
        campaign.state, campaign.done_at = CampaignState.DONE, at
        campaign.save()
    return True


def is_stale(campaign: Campaign) -> bool:
    """Whether it says that a room is live which is not any more."""
    if campaign.kind != Campaign.Kind.LIVE:
        return False
    if campaign.room_id is None:
        return True
    return not Room.objects.shown().on_air().filter(pk=campaign.room_id).exists()


def _sent_of(campaign: Campaign, clock: Clock, go_on: Callable[[], bool]) -> int:
    """One that cannot go on waits for staff, and holds up no other."""
    try:
        return send_campaign(campaign, clock, go_on)
    except (DomainError, TransferRefused):
        return _pause(campaign, "It cannot be sent as the site is set up.")


# -- Steps -------------------------------------------------------------------------------------------------------------


def _send_lease(
    campaign: Campaign,
    lease: Lease,
    by: tuple[news.LetterOf, handing.Way],
    clock: Clock,
    go_on: Callable[[], bool],
) -> Counter[str]:
    """Hand over a lease, one by one; what is left of it goes back."""
    letter_of, way = by
    came: Counter[str] = Counter()
    last: tuple[Leased, Came, datetime] | None = None  # noted with the next claim: one commit for each message
    try:
        for one in lease.messages:
            if not go_on() or came[Result.AWAY] or clock() >= lease.until:
                break
            if (letter := letter_of(one.contact)) is None:
                cancel(Send.objects.filter(pk=one.send_id), because=Because.NOTHING)
                continue
            with transaction.atomic():
                _note(last)
                last, is_claimed = None, claim(one.send_id, lease, clock())
            if not is_claimed:
                continue
            to = letters.Recipient(one.contact.token, one.address, one.contact.language, one.send_id)
            last = one, way.send(letter, to, one.contact.subject_id), clock()
            came[last[1].result] += 1
    finally:
        _note(last)
        left = Send.objects.filter(pk__in=[one.send_id for one in lease.messages], state=State.LEASED, lease=lease.id)
        later = {"not_before": clock() + AWAY_FOR} if came[Result.AWAY] else {}
        left.update(state=State.QUEUED, lease=None, leased_until=None, **later)
        _count(campaign, came)
    return came


def _note(last: tuple[Leased, Came, datetime] | None) -> None:
    """Write down what came of a message."""
    if last is None:
        return
    one, came, at = last
    mine = Send.objects.filter(pk=one.send_id, state=State.HANDING)
    free = {"lease": None, "leased_until": None}
    if came.result == Result.HANDED:
        mine.update(state=State.HANDED, handed_at=at, provider_ref=came.reference, **free)
    elif came.result == Result.AWAY:
        mine.update(state=State.QUEUED, not_before=at + AWAY_FOR, **free)
    elif came.result == Result.LATER:
        mine.filter(attempts__gte=ATTEMPTS_MAX - 1).update(state=State.FAILED, attempts=ATTEMPTS_MAX, **free)
        attempts = mine.values_list("attempts", flat=True).first() or 0
        mine.update(state=State.QUEUED, attempts=F("attempts") + 1, not_before=at + BACK_OFF * 2**attempts, **free)
    elif came.result == Result.UNCLEAR:
        mine.update(state=State.UNCLEAR, **free)
    elif came.result == Result.FAILED:
        mine.update(state=State.FAILED, **free)
    else:
        with transaction.atomic():
            mine.update(state=State.BOUNCED, **free)
            suppress(channel=one.contact.channel, index=one.contact.index, reason=came.suppresses, at=at)


def _count(campaign: Campaign, came: Counter[str]) -> None:
    """So that a progress bar moves; `finish` counts what stands."""
    counted = {"handed": came[Result.HANDED], "bounced": came[Result.BOUNCED] + came[Result.STOPPED]}
    counted |= {"failed": came[Result.FAILED], "unclear": came[Result.UNCLEAR]}
    if moved := {name: F(name) + count for name, count in counted.items() if count}:
        Campaign.objects.filter(pk=campaign.pk).update(**moved)


def _allowed(campaign: Campaign, at: datetime) -> int:
    """How many messages may be leased now, by the throttle."""
    if not campaign.per_minute:
        return LEASE_MAX
    recent = Send.objects.filter(campaign=campaign, handed_at__gt=at - MINUTE).count()
    return min(LEASE_MAX, campaign.per_minute - recent)


def _opened(sends: dict[int, int]) -> list[Leased]:
    """The contacts of these sends (contact -> send) with their addresses; whose keys are gone is left out."""
    contacts = Contact.objects.only("pk", "subject", "channel", "index", "address", "row_key", "token", "language")
    found = sealed.openable(contacts.filter(pk__in=sends), "address")
    return [Leased(sends[one.pk], one, str(one.address)) for one in found]


def _pause(campaign: Campaign, why: str) -> int:
    Campaign.objects.filter(pk=campaign.pk, state=CampaignState.SENDING).update(state=CampaignState.PAUSED, why=why)
    logger.error("bulletins.campaign_paused campaign=%s", campaign.pk)
    return 0
