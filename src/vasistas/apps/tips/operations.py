"""Writes on tips: give one, keep the menu and the goal."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.providers import operations as providers
from vasistas.apps.providers import queries as provider_queries
from vasistas.apps.rooms.models import Room
from vasistas.apps.tips import queries, rules
from vasistas.apps.tips.events import GoalMoved, Tipped, TipSilenced
from vasistas.apps.tips.models import KEY_CHARS_MAX, TEXT_CHARS_MAX, TITLE_CHARS_MAX, Goal, MenuItem, Tip
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries as wallet_queries
from vasistas.apps.wallet.models import TransferKind
from vasistas.lib import events
from vasistas.lib.errors import DomainError, NotAllowed


class TipRefused(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """The message says what to change; nothing was paid."""

    status = 422
    code = "tips.refused"


@dataclass(frozen=True)
class Asked:
    """What somebody gives. amount: minor units. key: random, from the form: the same one never pays twice."""

    key: str
    amount: int
    item: str = ""
    text: str = ""
    is_anonymous: bool = False


def tip(*, room: Room, giver: Member, asked: Asked, at: datetime) -> Tip:
    """Give a tip; a repeat with the same key returns the first.

    Raises: NotAllowed `tips.not_here`: to oneself, or to a room that is not on air. TipRefused, and what `wallet.spend`
    raises: nothing is paid then. Locks: as `wallet.spend`, then the goal. Publishes: Tipped, GoalMoved.
    """
    if not rules.can_tip(giver, room):
        raise NotAllowed(_("You can tip while the room is live, and not yourself."), code="tips.not_here")
    _check(asked)
    with transaction.atomic():
        if (before := Tip.objects.filter(key=asked.key).first()) is not None:
            return _again(before, room, giver, asked)
        name = f"tip:{asked.key}"
        if wallet_queries.transfer_of(name) is not None:  # a tip of old, whose row has reached its age
            raise _key_used()
        host = provider_queries.payee_of(room.host_id)
        legs = providers.earning_legs(host, asked.amount)
        wallet.spend(subject_id=giver.subject_id, legs=legs, key=name, kind=TransferKind.TIP, at=at, reference=name)
        try:
            given = _write(room, giver, asked, at)
        except IntegrityError:  # the same form twice at once: the other wrote it, and paid
            return _again(Tip.objects.get(key=asked.key), room, giver, asked)
        _tell(room, given)
        move_goal(room, asked.amount, at)
    return given


def _check(asked: Asked) -> None:
    if not 0 < len(asked.key) <= KEY_CHARS_MAX:
        raise TipRefused(_("This form is damaged. Load the page again."), code="tips.no_key")
    if not rules.AMOUNT_MIN <= asked.amount <= rules.AMOUNT_MAX:
        raise TipRefused(_("Choose an amount that is offered, or one between."), code="tips.amount")
    if len(asked.text) > TEXT_CHARS_MAX or len(asked.item) > TITLE_CHARS_MAX:
        raise TipRefused(_("A message has at most %(max)d characters.") % {"max": TEXT_CHARS_MAX}, code="tips.too_long")


def _again(before: Tip, room: Room, giver: Member, asked: Asked) -> Tip:
    if (before.room_id, before.subject_id, before.amount) != (room.pk, giver.subject_id, asked.amount):
        raise _key_used()
    return before


def _key_used() -> TipRefused:
    return TipRefused(_("This form was used already. Load the page again."), code="tips.key_used")


def _write(room: Room, giver: Member, asked: Asked, at: datetime) -> Tip:
    with transaction.atomic():
        return Tip.objects.create(
            room=room,
            subject_id=giver.subject_id,
            key=asked.key,
            amount=asked.amount,
            item=asked.item,
            text=asked.text,
            is_anonymous=asked.is_anonymous,
            at=at,
        )


def _tell(room: Room, row: Tip) -> None:
    (one,) = queries.given(room, [row])
    events.publish(
        Tipped(
            room_id=room.pk,
            id=one.id,
            name=one.name,
            ref=one.ref,
            amount=one.amount,
            item=one.item,
            text=one.text,
            at=one.at.timestamp(),
        )
    )


def silence(*, room: Room, tip_id: int) -> None:
    """Show the words of a tip no more; the caller has decided that this person may. Publishes: TipSilenced."""
    row = queries.get_tip(room, tip_id)
    with transaction.atomic():
        if Tip.objects.filter(pk=row.pk, is_silenced=False).update(is_silenced=True):
            events.publish(TipSilenced(room_id=room.pk, id=row.pk))


# -- The host's menu and goal ------------------------------------------------------------------------------------------


def add_item(*, room: Room, title: str, amount: int) -> MenuItem:
    """Raises: TipRefused: no title, an amount out of range, the title twice, more than MENU_ITEMS_MAX."""
    _check_title(title)
    if not rules.AMOUNT_MIN <= amount <= rules.AMOUNT_MAX:
        raise TipRefused(_("Choose an amount that can be tipped."), code="tips.amount")
    with transaction.atomic():
        Room.objects.select_for_update(no_key=True).only("pk").get(pk=room.pk)
        there = MenuItem.objects.filter(room=room)
        if there.count() >= rules.MENU_ITEMS_MAX:
            raise TipRefused(_("A menu has at most %(max)d lines.") % {"max": rules.MENU_ITEMS_MAX}, code="tips.full")
        if there.filter(title=title).exists():
            raise TipRefused(_("This stands in the menu already."), code="tips.twice")
        return MenuItem.objects.create(room=room, title=title, amount=amount)


def remove_item(*, room: Room, item_id: int) -> None:
    """A repeat changes nothing."""
    MenuItem.objects.filter(room=room, pk=item_id).delete()


def start_goal(*, room: Room, title: str, target: int, at: datetime) -> Goal:
    """Begin a goal; one that runs ends. Raises: TipRefused. Publishes: GoalMoved."""
    _check_title(title)
    if not rules.AMOUNT_MIN <= target <= rules.TARGET_MAX:
        raise TipRefused(_("Choose a goal that can be reached."), code="tips.amount")
    with transaction.atomic():
        Room.objects.select_for_update(no_key=True).only("pk").get(pk=room.pk)
        Goal.objects.filter(room=room, ended_at=None).update(ended_at=at)
        goal = Goal.objects.create(room=room, title=title, target=target, started_at=at)
        events.publish(_moved(goal))
    return goal


def change_goal(*, room: Room, title: str, target: int, at: datetime) -> Goal:
    """Change the goal that runs; what was given stays. A target that is lower than that is reached at once.

    Raises: TipRefused: none runs, or it is reached: that was told already. Publishes: GoalMoved.
    """
    _check_title(title)
    if not rules.AMOUNT_MIN <= target <= rules.TARGET_MAX:
        raise TipRefused(_("Choose a goal that can be reached."), code="tips.amount")
    with transaction.atomic():
        goal = Goal.objects.select_for_update(no_key=True).filter(room=room, ended_at=None, reached_at=None).first()
        if goal is None:
            raise TipRefused(_("There is no goal to change. Begin the next one."), code="tips.no_goal")
        goal.title, goal.target = title, target
        if is_first := goal.reached >= target:
            goal.reached_at = at
        goal.save(update_fields=["title", "target", "reached_at"])
        events.publish(_moved(goal, is_first=is_first))
    return goal


def end_goal(*, room: Room, at: datetime) -> None:
    """A repeat changes nothing. Publishes: GoalMoved, without a goal."""
    with transaction.atomic():
        if Goal.objects.filter(room=room, ended_at=None).update(ended_at=at):
            events.publish(GoalMoved(room_id=room.pk, goal_id=None))


def move_goal(room: Room, amount: int, at: datetime) -> None:
    """Add to the goal that runs. Exactly one tip is told to have reached it: the row lets one go first."""
    if not Goal.objects.filter(room=room, ended_at=None).update(reached=F("reached") + amount):
        return
    goal = Goal.objects.get(room=room, ended_at=None)
    over = Goal.objects.filter(pk=goal.pk, reached_at=None, reached__gte=F("target"))
    events.publish(_moved(goal, is_first=bool(over.update(reached_at=at))))


def _moved(goal: Goal, *, is_first: bool = False) -> GoalMoved:
    return GoalMoved(
        room_id=goal.room_id,
        goal_id=goal.pk,
        title=goal.title,
        target=goal.target,
        reached=goal.reached,
        is_first=is_first,
    )


def _check_title(title: str) -> None:
    if not 0 < len(title) <= TITLE_CHARS_MAX:
        raise TipRefused(_("Write 1 to %(max)d characters.") % {"max": TITLE_CHARS_MAX}, code="tips.title")
