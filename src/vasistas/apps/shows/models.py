"""Shows for those admitted: what a host offers, what was agreed, who was there, what was delivered and what it cost."""

import secrets
import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from vasistas.apps.rooms.models import SESSION_CHARS
from vasistas.guard.declarations import declare, derived, not_personal, personal, sealed
from vasistas.guard.sealed import SealedQuerySet, SealedRow, SealedText

LINE_CHARS_MAX = 300
CAM_CHARS = 36


def _cam_name() -> str:
    """An opaque name of a room on the media node."""
    return f"cam-{secrets.token_hex(16)}"


class Kind(models.TextChoices):
    PRIVATE = "private", _("Private session")
    GROUP = "group", _("Group show")
    TICKET = "ticket", _("Ticket show")


class State(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    ACCEPTED = "accepted", _("Announced")
    RUNNING = "running", _("Running")
    ENDED = "ended", _("Ended")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_STATES = (State.REQUESTED, State.ACCEPTED, State.RUNNING)


class Role(models.TextChoices):
    PAYER = "payer", _("Pays")
    PARTICIPANT = "participant", _("Takes part")
    TICKET = "ticket", _("Has a ticket")
    SPY = "spy", _("Spy")
    STAFF = "staff", _("Staff")
    HOST = "host", _("Host")


PAYING = (Role.PAYER, Role.PARTICIPANT, Role.TICKET, Role.SPY)
TALKING = (Role.PAYER, Role.PARTICIPANT, Role.TICKET, Role.STAFF, Role.HOST)  # spies neither say nor read a line


class Offer(models.Model):
    """What a host offers in their room. Prices are minor units of the site's currency; 0: not offered."""

    room = models.OneToOneField("rooms.Room", on_delete=models.CASCADE, related_name="+")
    is_open = models.BooleanField(default=False)  # requests are taken
    private_price = models.PositiveBigIntegerField(default=0)  # per minute
    budget_minutes_min = models.PositiveSmallIntegerField(default=5)
    group_price = models.PositiveBigIntegerField(default=0)  # per minute and person
    ticket_price = models.PositiveBigIntegerField(default=0)  # for the whole show
    spy_price = models.PositiveBigIntegerField(default=0)  # per minute
    allows_spies = models.BooleanField(default=False)
    allows_cam = models.BooleanField(default=False)  # the payer may show their own camera

    def __str__(self) -> str:
        return f"offer {self.pk}"


class Show(models.Model):
    """One show, from the request to its end. The terms are those of the offer when it was asked for, and stay."""

    class EndReason(models.TextChoices):
        HOST = "host", _("Ended by the host")
        VIEWER = "viewer", _("Ended by the viewer")
        SPENT = "spent", _("The budget was spent")
        LOST = "lost", _("The connection was lost")
        STAFF = "staff", _("Ended by the site")

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8, choices=Kind)
    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=9, choices=State)
    price = models.PositiveBigIntegerField()  # minor units per minute; of a ticket show for the whole
    spy_price = models.PositiveBigIntegerField(default=0)  # minor units per minute
    budget_minutes_min = models.PositiveSmallIntegerField(default=0)
    allows_spies = models.BooleanField(default=False)
    allows_cam = models.BooleanField(default=False)
    is_recorded = models.BooleanField(default=False)  # there is no recorder: always false, and said
    keeps_chat = models.BooleanField(default=False)  # both sides chose so
    cam = models.CharField(max_length=CAM_CHARS, unique=True, default=_cam_name, editable=False)
    requested_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=6, choices=EndReason, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["room"], condition=models.Q(state__in=["accepted", "running"]), name="shows_one_at_a_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "id"], name="shows_show_open"),
            models.Index(fields=["room", "-id"], name="shows_show_newest"),
            models.Index(fields=["ended_at"], name="shows_show_oldest"),
        ]

    def __str__(self) -> str:
        return f"show {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class Seat(models.Model):
    """Who is, or was, in a show, and what it cost them. One seat per person and show.

    hold: the ledger's account the budget is set aside in. charged: what was taken of it. present_at: when their media
    last was seen connected, by our clock.
    """

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    show = models.ForeignKey(Show, on_delete=models.CASCADE, related_name="seats")
    subject = models.ForeignKey("privacy.Subject", on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=11, choices=Role)
    price = models.PositiveBigIntegerField(default=0)  # minor units, as the show's
    wants_chat_kept = models.BooleanField(default=False)
    hold = models.ForeignKey("wallet.Account", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    holds = models.PositiveSmallIntegerField(default=0)  # how many times money was set aside: part of each key
    budget = models.PositiveBigIntegerField(default=0)  # minor units: asked for, then held
    charged_minor = models.PositiveBigIntegerField(default=0)
    delivered_s = models.PositiveIntegerField(default=0)
    accepted_terms_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True, blank=True)
    present_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    has_left = models.BooleanField(default=False)  # by their own act
    settled_at = models.DateTimeField(null=True, blank=True)  # the rest was given back

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["show", "subject"], name="shows_seat_once")]
        indexes: ClassVar = [models.Index(fields=["subject", "-id"], name="shows_seat_newest")]

    def __str__(self) -> str:
        return f"seat {self.pk}"


class Delivery(models.Model):
    """What the media node reports as delivered to one of a seat's sessions. It only grows."""

    seat = models.ForeignKey(Seat, on_delete=models.CASCADE, related_name="deliveries")
    session = models.CharField(max_length=SESSION_CHARS, unique=True)
    delivered_s = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class LineQuerySet(SealedQuerySet["Line"]):
    pass


class Line(SealedRow):
    """One line of a private session whose two sides chose to keep what they say, sealed with its author's key."""

    show = models.ForeignKey(Show, on_delete=models.CASCADE, related_name="lines")
    author = models.ForeignKey("privacy.Subject", on_delete=models.CASCADE, related_name="+")
    text = SealedText(key_class="communications", chars_max=LINE_CHARS_MAX)
    said_at = models.DateTimeField()

    objects: ClassVar = LineQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["show", "-id"], name="shows_line_newest"),
            models.Index(fields=["said_at"], name="shows_line_oldest"),
        ]

    def __str__(self) -> str:
        return f"line {self.pk}"


_PATH = derived("the path to the person")
_OFFER = personal("host.profile", keep="contract")
_SESSION = personal("user.behaviour.session", keep="private_session")
_TERM = not_personal("a term of the show; who was there stands in its seats")

declare(
    "shows.Offer",
    "room__host__member__subject",
    room=_PATH,
    is_open=_OFFER,
    private_price=_OFFER,
    budget_minutes_min=_OFFER,
    group_price=_OFFER,
    ticket_price=_OFFER,
    spy_price=_OFFER,
    allows_spies=_OFFER,
    allows_cam=_OFFER,
)
declare(
    "shows.Show",
    "room__host__member__subject",
    key=not_personal("random; names the show to those in it"),
    kind=_SESSION,
    room=_PATH,
    state=_SESSION,
    price=_TERM,
    spy_price=_TERM,
    budget_minutes_min=_TERM,
    allows_spies=_TERM,
    allows_cam=_TERM,
    is_recorded=_TERM,
    keeps_chat=_SESSION,
    cam=not_personal("random; ends with the show"),
    requested_at=_SESSION,
    accepted_at=_SESSION,
    started_at=_SESSION,
    ended_at=_SESSION,
    end_reason=_SESSION,
)
declare(
    "shows.Seat",
    "subject",
    key=not_personal("random; part of the keys of movements"),
    show=_SESSION,
    subject=derived("the path itself"),
    role=_SESSION,
    price=not_personal("a term of the show"),
    wants_chat_kept=_SESSION,
    hold=derived("an account of the person's own number in the ledger"),
    holds=not_personal("a count"),
    budget=_SESSION,
    charged_minor=_SESSION,
    delivered_s=_SESSION,
    accepted_terms_at=_SESSION,
    joined_at=_SESSION,
    present_at=_SESSION,
    warned_at=_SESSION,
    left_at=_SESSION,
    has_left=_SESSION,
    settled_at=_SESSION,
)
declare(
    "shows.Delivery",
    "seat__subject",
    seat=_PATH,
    session=not_personal("random; ends with the connection"),
    delivered_s=_SESSION,
)
declare(
    "shows.Line",
    "author",
    show=personal("user.content.chat.private", keep="private_chat"),
    author=_PATH,
    row_key=not_personal("random; binds what is sealed to its row"),
    text=sealed("user.content.chat.private", keep="private_chat", key_class="communications"),
    said_at=personal("user.content.chat.private", keep="private_chat"),
)
