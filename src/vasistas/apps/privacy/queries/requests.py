"""Reads on requests."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from vasistas.apps.privacy.models import UNANSWERED, RightsRequest, Subject, UseObjection
from vasistas.lib.errors import NotFound

if TYPE_CHECKING:
    from django.db import models

SOON = timedelta(days=7)


def requests_of(subject_id: int) -> "models.QuerySet[RightsRequest]":
    """A person's own requests, newest first, with their steps."""
    return RightsRequest.objects.filter(subject_id=subject_id).order_by("-pk").prefetch_related("steps")


def get_request_for(*, subject_id: int, request_id: int) -> RightsRequest:
    """Return a person's own request.

    Raises: NotFound: there is none, or it is another person's, which looks the same.
    """
    found = requests_of(subject_id).filter(pk=request_id).first()
    if found is None:
        raise NotFound(_("There is no such request."))
    return found


def get_request(request_id: int) -> RightsRequest:
    """Return a request for the staff's desk. Raises: NotFound."""
    found = RightsRequest.objects.filter(pk=request_id).prefetch_related("steps").first()
    if found is None:
        raise NotFound(_("There is no such request."))
    return found


def queue(*, is_closed: bool = False) -> "models.QuerySet[RightsRequest]":
    """What staff works through: unanswered ones by their day; or the closed ones, latest first."""
    if is_closed:
        return RightsRequest.objects.exclude(state__in=UNANSWERED).order_by("-closed_at")
    return RightsRequest.objects.filter(state__in=UNANSWERED).order_by("due_date", "pk")


def overdue_count(today: date) -> int:
    """How many are unanswered after their day. Reads no personal column."""
    return RightsRequest.objects.filter(state__in=UNANSWERED, due_date__lt=today).count()


def due_soon_count(today: date) -> int:
    """How many have SOON or less left, today among it."""
    return RightsRequest.objects.filter(state__in=UNANSWERED, due_date__range=(today, today + SOON)).count()


def is_restricted(subject_id: int) -> bool:
    return Subject.objects.filter(pk=subject_id, state=Subject.State.RESTRICTED).exists()


def objected_purposes(subject_id: int) -> set[str]:
    return set(UseObjection.objects.filter(subject_id=subject_id).values_list("purpose", flat=True))
