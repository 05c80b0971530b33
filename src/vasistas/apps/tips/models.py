"""What hosts ask for and get: the menu, the goal, and each tip."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from vasistas.apps.privacy.models import Subject
from vasistas.apps.rooms.models import Room
from vasistas.guard.declarations import declare, derived, not_personal, personal, sealed
from vasistas.guard.sealed import SealedRow, SealedText

TITLE_CHARS_MAX = 60
TEXT_CHARS_MAX = 200
KEY_CHARS_MAX = 60  # with "tip:" before it a reference of the ledger


class MenuItem(models.Model):
    """What a tip of `amount` minor units gets."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="tip_menu")
    title = models.CharField(max_length=TITLE_CHARS_MAX)
    amount = models.PositiveBigIntegerField()

    class Meta:
        ordering = ("amount", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room", "title"], name="tips_menu_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="tips_menu_amount"),
        ]

    def __str__(self) -> str:
        return f"menu item {self.pk}"


class Goal(models.Model):
    """What a room gives together. target, reached: minor units. A room has one at a time."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="goals")
    title = models.CharField(max_length=TITLE_CHARS_MAX)
    target = models.PositiveBigIntegerField()
    reached = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField()
    reached_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["room"], condition=Q(ended_at=None), name="tips_goal_one"),
            models.CheckConstraint(condition=Q(target__gt=0), name="tips_goal_target"),
        ]

    def __str__(self) -> str:
        return f"goal {self.pk}"

    @property
    def percent(self) -> int:
        return min(100, self.reached * 100 // self.target)


class Tip(SealedRow):
    """One tip; the money itself stands in the ledger under the transfer `tip:<key>`. key: random, from the form."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="tips")
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=KEY_CHARS_MAX, unique=True)
    amount = models.PositiveBigIntegerField()  # minor units
    item = models.CharField(max_length=TITLE_CHARS_MAX, blank=True)
    text = SealedText(key_class="communications", chars_max=TEXT_CHARS_MAX, blank=True)
    is_anonymous = models.BooleanField(default=False)
    is_silenced = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["room", "-id"], name="tips_tip_newest"),
            models.Index(fields=["at"], name="tips_tip_oldest"),
        ]

    def __str__(self) -> str:
        return f"tip {self.pk}"


_ROOM = not_personal("a room")
_TIP = personal("user.payment.spending", keep="tip")
_SHOWN = personal("host.profile", keep="contract")

declare(
    "tips.MenuItem", "room__host__member__subject", room=derived("the path to the person"), title=_SHOWN, amount=_SHOWN
)
declare(
    "tips.Goal",
    "room__host__member__subject",
    room=derived("the path to the person"),
    title=_SHOWN,
    target=_SHOWN,
    reached=not_personal("a sum"),
    started_at=personal("host.activity", keep="contract"),
    reached_at=personal("host.activity", keep="contract"),
    ended_at=personal("host.activity", keep="contract"),
)
declare(
    "tips.Tip",
    "subject",
    room=_TIP,
    subject=derived("the path itself"),
    key=not_personal("random; names the movement in the ledger"),
    amount=_TIP,
    item=_TIP,
    row_key=not_personal("random; binds what is sealed to its row"),
    text=sealed("user.payment.spending", keep="tip", key_class="communications"),
    is_anonymous=_TIP,
    is_silenced=_TIP,
    at=_TIP,
)
