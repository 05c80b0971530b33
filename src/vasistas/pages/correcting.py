"""Corrections in place: which category has a form, what it writes, and what the history shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.apps import apps
from django.core.paginator import Page, Paginator
from django.utils.translation import gettext_lazy

from vasistas.apps.accounts import operations as accounts
from vasistas.apps.accounts.forms import NameForm
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import queries as privacy
from vasistas.apps.privacy.models import Correction
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms import queries as room_queries
from vasistas.apps.rooms.forms import RoomForm

CORRECTIONS_PER_PAGE = 10
NAME, ROOM = "user.account.username", "host.profile"
IN_PLACE = gettext_lazy("What you write here holds at once. What stood before is kept for you below, for 12 months.")
ELSEWHERE = gettext_lazy("It is changed on a page of its own.")
NO_ROOM = gettext_lazy("You have no room, so there is nothing to correct.")
WRITTEN_BY_SITE = gettext_lazy("The site wrote this down itself; it is not typed, so it is not edited in place.")
# Why a category cannot be edited, where that is not the reason.
WHY_NOT: Mapping[str, Any] = {
    "user.content.chat.public": gettext_lazy(
        "Others read and answered what you said, as you said it: a line is not rewritten. You can say how it was "
        "meant, and erase your lines."
    ),
    "user.account.activity": gettext_lazy("These are times at which something happened; nobody types them."),
    "user.account.correction": gettext_lazy("This is the history of your corrections; it is not rewritten."),
}


@dataclass(frozen=True)
class InPlace:
    """A form and what it writes when it is valid. write raises DomainError."""

    form: forms.Form
    write: Callable[[], None]


@dataclass(frozen=True)
class ShownCorrection:
    title: str
    before: str
    after: str
    by: str
    at: datetime


def form_of(member: Member, key: str, sent: Mapping[str, Any] | None) -> InPlace | None:
    """The form by which a category is corrected on its page, or None where there is none."""
    if key == NAME:
        name = NameForm(sent, member=member)
        return InPlace(
            name, lambda: accounts.change_name(member=member, display_name=name.cleaned_data["display_name"])
        )
    room = room_queries.room_of_host(member) if key == ROOM else None
    if room is None:
        return None
    details = RoomForm(sent, initial=RoomForm.initial_of(room))
    return InPlace(details, lambda: rooms.change_room(room=room, details=details.details()))


def words_of(key: str, *, has_form: bool, has_links: bool) -> Any:
    """What the page says above the form, or in its place."""
    if has_form:
        return IN_PLACE
    if has_links:
        return ELSEWHERE
    return NO_ROOM if key == ROOM else WHY_NOT.get(key, WRITTEN_BY_SITE)


def history_of(subject_id: int, key: str, number: str | None) -> Page[ShownCorrection]:
    """What the member corrected in a category, newest first."""
    page: Page[Any] = Paginator(privacy.corrections_of(subject_id, key), CORRECTIONS_PER_PAGE).get_page(number)
    page.object_list = [_shown(one) for one in page.object_list]
    return page


def _shown(one: Correction) -> ShownCorrection:
    label, _, name = one.field.rpartition(".")
    words = str(apps.get_model(label)._meta.get_field(name).verbose_name).removesuffix(" sealed")
    return ShownCorrection(words[:1].upper() + words[1:], one.before, one.after, str(one.get_by_display()), one.at)
