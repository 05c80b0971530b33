"""Campaigns as staff see them: the list, one of them, how far it is."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from vasistas.apps.bulletins.models import Campaign, Send
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotFound

State = Send.State
WAITING = frozenset({State.QUEUED, State.LEASED, State.HANDING})
TAKEN = frozenset({State.HANDED, State.DELIVERED, State.BOUNCED, State.COMPLAINED})  # by the next server, once


@dataclass(frozen=True)
class Progress:
    """How many messages of a campaign are where. cancelled: (why in words, how many), most first."""

    selected: int
    waiting: int
    handed: int
    delivered: int
    bounced: int
    complained: int
    failed: int
    unclear: int
    cancelled: tuple[tuple[str, int], ...]

    @property
    def finished(self) -> int:
        return max(0, self.selected - self.waiting)


@processing("bulletins")
def get_campaign(campaign_id: int) -> Campaign:
    """Raises: NotFound."""
    found = Campaign.objects.filter(pk=campaign_id).first()
    if found is None:
        raise NotFound(_("There is no such bulletin."))
    return found


@processing("bulletins")
def campaigns() -> QuerySet[Campaign]:
    """All of them, newest first; to be cut into pages, under the purpose "bulletins"."""
    return Campaign.objects.order_by("-made_at", "-pk")


@processing("bulletins")
def progress_of(campaign: Campaign) -> Progress:
    """Counted from the sends while they are kept (retention `bulletin`); afterwards what the campaign says itself."""
    rows = Send.objects.filter(campaign=campaign).values_list("state", "because").annotate(count=Count("pk"))
    states, whys = Counter[str](), Counter[str]()
    for state, because, count in rows.order_by():
        states[state] += count
        if state == State.CANCELLED:
            whys[because] += count
    is_over = campaign.state in {Campaign.State.DONE, Campaign.State.CANCELLED}
    if is_over and sum(states.values()) < campaign.selected:
        return _remembered(campaign)
    return Progress(
        selected=sum(states.values()),
        waiting=sum(states[state] for state in WAITING),
        handed=sum(states[state] for state in TAKEN),
        delivered=states[State.DELIVERED],
        bounced=states[State.BOUNCED],
        complained=states[State.COMPLAINED],
        failed=states[State.FAILED],
        unclear=states[State.UNCLEAR],
        cancelled=tuple((_words(because), count) for because, count in whys.most_common()),
    )


def _words(because: str) -> str:
    return str(Send.Because(because).label) if because in Send.Because else _("cancelled")


def _remembered(campaign: Campaign) -> Progress:
    return Progress(
        selected=campaign.selected,
        waiting=0,
        handed=campaign.handed,
        delivered=campaign.delivered,
        bounced=campaign.bounced,
        complained=campaign.complained,
        failed=campaign.failed,
        unclear=campaign.unclear,
        cancelled=((str(Send.Because.OBJECTED.label), campaign.objected),) if campaign.objected else (),
    )
