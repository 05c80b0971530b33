"""Letters that write themselves: that a followed room is live, and what followed rooms did in a day or a week."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from vasistas.apps.bulletins import letters, rules
from vasistas.apps.bulletins.letters import RoomNews
from vasistas.apps.bulletins.models import Campaign, Channel, Contact
from vasistas.apps.rooms.models import Room
from vasistas.guard.purposes import processing

LIVE_EVERY = timedelta(hours=6)  # a room's followers are told of it no more often
ROOMS_MAX = 20  # of one digest
DIGEST_HOUR = 9  # of the day, in the site's time zone
PERIODS: Mapping[str, timedelta] = {Contact.Pace.DAILY: timedelta(days=1), Contact.Pace.WEEKLY: timedelta(days=7)}
SHOWN = ("slug", "title", "state", "state_at")
WEBCAMS = rules.TOPICS["topic_webcams"]

type LetterOf = Callable[[Contact], letters.Letter | None]


@processing("bulletins")
def announce_live(*, room_id: int, channels: Sequence[str], at: datetime) -> int:
    """Tell a room's followers that it is live, once per LIVE_EVERY and channel; return how many campaigns begin."""
    made = 0
    for channel in channels:
        same = {"kind": Campaign.Kind.LIVE, "room_id": room_id, "channel": channel}
        readers = Contact.objects.filter(channel=channel, confirmed_at__isnull=False, pace=Contact.Pace.LIVE)
        if readers.exists() and not Campaign.objects.filter(**same, made_at__gt=at - LIVE_EVERY).exists():
            _schedule(at, at, **same, name="live")
            made += 1
    return made


@processing("bulletins")
def schedule_digests(at: datetime) -> int:
    """Begin the digests whose hour has come, once each; after a pause of the worker one that tells of all of it.
    Return how many.
    """
    made = 0
    for pace, period in PERIODS.items():
        due = _due(pace, at)
        digests = Campaign.objects.filter(kind=Campaign.Kind.DIGEST, name=f"digest {pace}")
        last = digests.aggregate(last=Max("scheduled_at"))["last"]
        readers = Contact.objects.filter(channel=Channel.MAIL, confirmed_at__isnull=False, pace=pace)
        if (last is not None and last >= due) or not readers.exists():
            continue
        audience = {"pace": str(pace), "since": (last or due - period).isoformat()}
        _schedule(due, at, kind=Campaign.Kind.DIGEST, name=f"digest {pace}", channel=Channel.MAIL, audience=audience)
        made += 1
    return made


def letter_of(campaign: Campaign) -> LetterOf:
    """Who gets which letter: the same for all, but in a digest, where None says that there is nothing to tell.

    Raises: LetterRefused: its text cannot be sent.
    """
    if campaign.kind == Campaign.Kind.DIGEST:
        known: dict[tuple[RoomNews, ...], letters.Letter] = {}
        since = datetime.fromisoformat(campaign.audience["since"])

        def compose(contact: Contact) -> letters.Letter | None:
            news = tuple(_news_for(contact.subject_id, since, campaign.made_at))
            if news and news not in known:
                known[news] = letters.compose(campaign, news)
            return known.get(news)

        return compose
    shown = Room.objects.only(*SHOWN).filter(pk=campaign.room_id or 0)
    rooms = [_told(room, _since(room.state_at)) for room in shown]
    letter = letters.compose(campaign, rooms)
    return lambda _contact: letter


def _schedule(due: datetime, at: datetime, **said: object) -> None:
    Campaign.objects.create(state=Campaign.State.SCHEDULED, scheduled_at=due, made_at=at, topic=WEBCAMS, **said)


def _due(pace: str, at: datetime) -> datetime:
    """The latest moment at which a digest of this pace had to go: each day, or on Mondays, at DIGEST_HOUR."""
    here = timezone.localtime(at)
    due = here.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    if pace == Contact.Pace.WEEKLY:
        due -= timedelta(days=due.weekday())
    return due if due <= here else due - PERIODS[pace]


def _news_for(subject_id: int, since: datetime, at: datetime) -> list[RoomNews]:
    """Rooms somebody follows, is not banned from, and that were on air; live ones first, then the latest."""
    member = {"follows__member__subject": subject_id}
    banned = Q(bans__member__subject=subject_id) & (Q(bans__until=None) | Q(bans__until__gt=at))
    rooms = (
        Room.objects.shown()
        .only(*SHOWN)
        .filter(**member, broadcasts__started_at__gte=since, broadcasts__started_at__lt=at)
    )
    rooms = rooms.exclude(pk__in=Room.objects.filter(banned).values("pk"))
    found = rooms.annotate(latest=Max("broadcasts__started_at")).order_by("-latest", "pk")[:ROOMS_MAX]
    rows = sorted(found, key=lambda room: not room.is_on_air)
    return [_told(room, _("Live now.") if room.is_on_air else _was(vars(room)["latest"])) for room in rows]


def _told(room: Room, line: str) -> RoomNews:
    return RoomNews(room.title, line, settings.PUBLIC_URL + room.get_absolute_url())


def _since(at: datetime) -> str:
    return _("Live since %(time)s.") % {"time": timezone.localtime(at).strftime("%H:%M %Z")}


def _was(at: datetime) -> str:
    return _("Was on air on %(day)s.") % {"day": timezone.localtime(at).strftime("%d %B, %H:%M %Z")}
