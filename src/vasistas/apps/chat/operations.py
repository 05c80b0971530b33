"""Writes on chats: saying, deleting, muting, slowing down, and forgetting after 30 days."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat import commands, queries, rules
from vasistas.apps.chat.commands import MUTE_MINUTES_MAX, SLOW_MODE_S_MAX
from vasistas.apps.chat.events import AuthorCleared, MemberMuted, MessageDeleted, MessageSaid, SlowModeChanged
from vasistas.apps.chat.models import (
    LISTED_CHARS_MAX,
    MESSAGE_CHARS_MAX,
    REASON_CHARS_MAX,
    Message,
    MessageQuerySet,
    Mute,
    RoomSettings,
)
from vasistas.apps.chat.queries import speaking
from vasistas.apps.chat.text import holds_address, normalise
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms import queries as room_queries
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.models import State as RoomState
from vasistas.guard import subjects
from vasistas.lib import events, limits
from vasistas.lib.errors import DomainError, LimitReached, NotAllowed

SAY_COUNT_MAX = 5  # messages of one member in all rooms …
SAY_WINDOW_S = 10  # … within this time
ATTEMPT_COUNT_MAX = 30  # posts of one member, refused ones too, per SAY_WINDOW_S
DUPLICATE_WINDOW_S = 10  # the same words in the same room
RAW_CHARS_MAX = 10 * MESSAGE_CHARS_MAX  # before normalising; more is not worth the work
TAKE_AWAY_BATCH_ROWS = 200

AGE_MIN_MAX = 30 * 24 * 60  # minutes of an account, or of following


class MessageRefused(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """The words cannot be said here; the message says why."""

    status = 422
    code = "chat.refused"


class SayNotAllowed(NotAllowed):
    """This person may not speak in this room now; `code` is a `rules.Refusal`."""


class TooFast(LimitReached):
    code = "chat.too_fast"


class OutOfRange(DomainError):  # noqa: N818 — see above
    """A setting outside its limits; the message names them."""

    status = 422
    code = "chat.out_of_range"


class ReasonMissing(DomainError):  # noqa: N818 — see above
    """Staff acted in a room that is not theirs without saying why."""

    status = 422
    code = "chat.reason_missing"

    def __init__(self) -> None:
        message = _("Give a reason; the member can ask for it.")
        super().__init__(message, fields={"reason": message})


# -- Saying ------------------------------------------------------------------------------------------------------------


def say(*, room: Room, author: Member, text: str, at: datetime) -> Message:
    """Say something in a room.

    Raises: SayNotAllowed, MessageRefused (`chat.empty`, `chat.too_long`, `chat.links_refused`, `chat.duplicate`),
    TooFast (`chat.too_fast`, `chat.slow_mode`), LimitReached: nothing is written.
    Locks: the author's row until commit, so that two posts at once count as two. Publishes: MessageSaid.
    """
    limits.hit("chat.attempt", str(author.pk), limit=ATTEMPT_COUNT_MAX, per_s=SAY_WINDOW_S, now=at.timestamp())
    words = _readable(text)
    if room.state == RoomState.PRIVATE:  # it is kept, and read by all who come later; what is said there is said apart
        raise SayNotAllowed(_("The room is in private. Talk beside the picture."), code="chat.in_private")
    with transaction.atomic():
        Member.objects.select_for_update(no_key=True).only("pk").get(pk=author.pk)
        settings = queries.settings_of(room)
        standing = queries.standing_of(room, author, at, settings)
        if refusal := rules.refusal_to_say(standing, settings, at):
            raise SayNotAllowed(speaking.refusal_words(refusal, standing, at), code=refusal)
        if holds_address(words) and not rules.can_post_links(standing, settings):
            raise MessageRefused(_("Links are off in this chat."), code="chat.links_refused")
        if not standing.has_desk and rules.holds_listed(words, rules.listed_keys(settings.words)):
            raise MessageRefused(_("This room does not want one of these words. Change it."), code="chat.word_refused")
        _check_pace(room, author, words, at=at, slow_mode_s=0 if standing.has_desk else settings.slow_mode_s)
        message = Message.objects.create(room=room, author=author, role=standing.role, text=words, said_at=at)
        events.publish(
            MessageSaid(
                room_id=room.pk,
                message_id=message.pk,
                author_name=author.display_name,
                author_ref=room_queries.ref_for(author, room),
                role=message.role,
                text=words,
                at=at.timestamp(),
            )
        )
    return message


def _readable(raw: str) -> str:
    words = normalise(raw) if len(raw) <= RAW_CHARS_MAX else raw
    if not words:
        raise MessageRefused(_("Write something first."), code="chat.empty")
    if len(words) > MESSAGE_CHARS_MAX:
        over = len(words) - MESSAGE_CHARS_MAX
        raise MessageRefused(
            ngettext(
                "A message has at most %(max)d characters. Take away %(over)d.",
                "A message has at most %(max)d characters. Take away %(over)d.",
                over,
            )
            % {"max": MESSAGE_CHARS_MAX, "over": over},
            code="chat.too_long",
        )
    return words


def _check_pace(room: Room, author: Member, words: str, *, at: datetime, slow_mode_s: int) -> None:
    """Refuse what comes too fast, by the rows themselves: exact in every process. Needs the author's row locked."""
    since = at - timedelta(seconds=max(SAY_WINDOW_S, DUPLICATE_WINDOW_S))
    latest = list(queries.said_by(author, since)[:SAY_COUNT_MAX])
    times = [row.said_at for row in latest if row.said_at > at - timedelta(seconds=SAY_WINDOW_S)]
    if len(times) == SAY_COUNT_MAX:
        _refuse_until(times[-1] + timedelta(seconds=SAY_WINDOW_S), at, code="chat.too_fast")
    here = [row for row in latest if row.room_id == room.pk]
    if any(row.text == words for row in here if row.said_at > at - timedelta(seconds=DUPLICATE_WINDOW_S)):
        raise MessageRefused(_("You just said that."), code="chat.duplicate")
    if wait_s := queries.wait_s(room, author, slow_mode_s, at):
        _refuse_until(at + timedelta(seconds=wait_s), at, code="chat.slow_mode")


def _refuse_until(open_at: datetime, at: datetime, *, code: str) -> None:
    seconds = max(1, ceil((open_at - at).total_seconds()))
    words = (
        _("Slow mode is on. You can write again in %(seconds)d s.")
        if code == "chat.slow_mode"
        else _("That was fast. You can write again in %(seconds)d s.")
    )
    raise TooFast(words % {"seconds": seconds}, code=code, retry_after_s=seconds)


# -- Moderating --------------------------------------------------------------------------------------------------------


def delete(*, message: Message, by: Member, at: datetime, reason: str = "") -> None:
    """Take a message away; a repeat changes nothing. Authors may take away their own.

    Raises: NotAllowed. ReasonMissing: staff say why. Publishes: MessageDeleted.
    """
    reason = reason.strip()[:REASON_CHARS_MAX]
    if message.author_id != by.pk:
        _check_may_moderate(message.room, by, message.author, reason, at)
    with transaction.atomic():
        if _take_away(Message.objects.shown().filter(pk=message.pk), message.author, by, at, reason):
            events.publish(MessageDeleted(room_id=message.room_id, message_id=message.pk))


def clear_author(*, room: Room, author: Member, by: Member, at: datetime, reason: str = "") -> int:
    """Take every message of one author in this room away; return how many.

    Raises: NotAllowed. ReasonMissing. Publishes: AuthorCleared.
    """
    reason = reason.strip()[:REASON_CHARS_MAX]
    _check_may_moderate(room, by, author, reason, at)
    with transaction.atomic():
        return _clear(room, author, by, at, reason)


def _clear(room: Room, author: Member, by: Member, at: datetime, reason: str) -> int:
    count = _take_away(Message.objects.shown().filter(room=room, author=author), author, by, at, reason)
    events.publish(AuthorCleared(room_id=room.pk, author_ref=room_queries.ref_for(author, room)))
    return count


def _take_away(shown: MessageQuerySet, author: Member, by: Member, at: datetime, reason: str) -> int:
    """Mark messages of one author as deleted; a reason is sealed for each, with the author's key."""
    if not reason:
        return shown.update(deleted_at=at, deleted_by=by)
    rows = list(shown.select_for_update(no_key=True).only("author", "row_key"))
    for row in rows:
        row.author = author
        row.deleted_at, row.deleted_by, row.deleted_reason = at, by, reason
    return Message.objects.bulk_update(rows, ["deleted_at", "deleted_by", "deleted_reason"], TAKE_AWAY_BATCH_ROWS)


def mute(*, room: Room, member: Member, by: Member, at: datetime, minutes: int, reason: str = "") -> Mute:
    """Let someone only read for a while; replaces a mute they have.

    Raises: NotAllowed. ReasonMissing. OutOfRange: 1 to MUTE_MINUTES_MAX. SubjectGone.
    Publishes: MemberMuted, to the member alone.
    """
    reason = reason.strip()[:REASON_CHARS_MAX]
    _check_may_moderate(room, by, member, reason, at)
    if not 1 <= minutes <= MUTE_MINUTES_MAX:
        raise OutOfRange(_("A mute lasts 1 to %(max)d minutes.") % {"max": MUTE_MINUTES_MAX})
    until = at + timedelta(minutes=minutes)
    with transaction.atomic():
        subjects.hold(member.subject_id)
        muted, _created = Mute.objects.update_or_create(
            room=room, member=member, defaults={"by": by, "at": at, "until": until, "reason": reason}
        )
        events.publish(MemberMuted(room_id=room.pk, member_id=member.pk, until=until.timestamp()))
    return muted


def unmute(*, room: Room, member: Member, by: Member, at: datetime) -> None:
    """Let someone speak again; nothing happens when they may already. Publishes: MemberMuted, ending now."""
    _check_has_desk(room, by, at)
    with transaction.atomic():
        if Mute.objects.filter(room=room, member=member, until__gt=at).update(until=at):
            events.publish(MemberMuted(room_id=room.pk, member_id=member.pk, until=at.timestamp()))


def end_mute(*, room_id: int, member: Member, at: datetime) -> None:
    """End a mute whose decision was taken back, whoever made it. Publishes: MemberMuted, ending now."""
    with transaction.atomic():
        if Mute.objects.filter(room=room_id, member=member, until__gt=at).update(until=at):
            events.publish(MemberMuted(room_id=room_id, member_id=member.pk, until=at.timestamp()))


def ban(*, room: Room, member: Member, by: Member, at: datetime, reason: str = "", days: int | None = None) -> None:
    """Keep someone out of the room, for so many days or for good, and take their messages away.

    Raises: NotAllowed. ReasonMissing. Publishes: AuthorCleared, and what `rooms.operations.ban` publishes.
    """
    reason = reason.strip()[:REASON_CHARS_MAX]
    _check_may_moderate(room, by, member, reason, at)
    until = at + timedelta(days=days) if days else None
    # asks the media node: not inside a transaction
    rooms.ban(room=room, member=member, by=by, reason=reason, at=at, until=until)
    with transaction.atomic():
        _clear(room, member, by, at, reason)


def set_slow_mode(*, room: Room, by: Member, seconds: int, at: datetime) -> None:
    """Set the seconds between two messages of one member; 0 is off. Host and moderators are not slowed.

    Raises: NotAllowed. OutOfRange: 0 to SLOW_MODE_S_MAX. Publishes: SlowModeChanged, when it changes.
    """
    _check_has_desk(room, by, at)
    if not 0 <= seconds <= SLOW_MODE_S_MAX:
        raise OutOfRange(_("Slow mode takes 0 to %(max)d seconds.") % {"max": SLOW_MODE_S_MAX})
    with transaction.atomic():
        if queries.settings_of(room).slow_mode_s != seconds:
            RoomSettings.objects.update_or_create(room=room, defaults={"slow_mode_s": seconds})
            events.publish(SlowModeChanged(room_id=room.pk, seconds=seconds))


@dataclass(frozen=True)
class Asked:
    """What a room's desk sets. account_age_min, follow_min: minutes, 0 to AGE_MIN_MAX; words: a list, one a line."""

    audience: str
    links_allowed: bool
    account_age_min: int = 0
    follow_min: int = 0
    words: str = ""


def change_settings(*, room: Room, by: Member, at: datetime, asked: Asked) -> None:
    """Set who may speak, since when they must be here, and what nobody may say.

    Raises: NotAllowed. OutOfRange: no such audience, too long a time, too long a list.
    """
    _check_has_desk(room, by, at)
    if asked.audience not in RoomSettings.Audience.values:
        raise OutOfRange(_("Choose who may chat."))
    if max(asked.account_age_min, asked.follow_min) > AGE_MIN_MAX or min(asked.account_age_min, asked.follow_min) < 0:
        raise OutOfRange(_("Choose at most 30 days."))
    if len(asked.words) > LISTED_CHARS_MAX:
        raise OutOfRange(_("The list has at most %(max)d characters.") % {"max": LISTED_CHARS_MAX})
    RoomSettings.objects.update_or_create(room=room, defaults=asdict(asked))


def _check_has_desk(room: Room, by: Member, at: datetime) -> rules.Standing:
    standing = queries.standing_of(room, by, at)
    queries.check_has_desk(standing)
    return standing


def _check_may_moderate(room: Room, by: Member, target: Member, reason: str, at: datetime) -> None:
    standing = _check_has_desk(room, by, at)
    if not rules.can_moderate(standing, queries.standing_of(room, target, at)):
        raise NotAllowed(_("You cannot do that to this person."), code="chat.out_of_reach")
    if rules.needs_reason(standing) and not reason:
        raise ReasonMissing


def obey(*, room: Room, by: Member, asked: commands.Asked, at: datetime) -> str:
    """Do what a typed command asks for; return what to tell the person.

    Raises: whatever the operation it stands for raises. NotFound `chat.no_speaker`: the name spoke here not lately.
    """
    match asked:
        case commands.Slow(seconds):
            set_slow_mode(room=room, by=by, seconds=seconds, at=at)
            return (
                _("Slow mode: %(seconds)d s between two messages.") % {"seconds": seconds}
                if seconds
                else _("Slow mode is off.")
            )
        case commands.Mute(name, minutes):
            member = _named(room, by, name, at)
            mute(room=room, member=member, by=by, at=at, minutes=minutes)
            return _("%(name)s is muted for %(minutes)d min.") % {"name": member.display_name, "minutes": minutes}
        case commands.Unmute(name):
            member = _named(room, by, name, at)
            unmute(room=room, member=member, by=by, at=at)
            return _("%(name)s may speak again.") % {"name": member.display_name}
        case commands.Clear(name):
            member = _named(room, by, name, at)
            clear_author(room=room, author=member, by=by, at=at)
            return _("The messages of %(name)s are gone.") % {"name": member.display_name}
        case commands.Say() | commands.Help():
            return commands.help_words(has_desk=queries.standing_of(room, by, at).has_desk)


def _named(room: Room, by: Member, name: str, at: datetime) -> Member:
    _check_has_desk(room, by, at)  # first: who spoke here is not everyone's to ask
    return queries.speaker_named(room, name, at)
