"""Who got something about a member, and what they were told: from the door's notes, the policy and the outbox."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator

from vasistas.apps.privacy import queries as privacy
from vasistas.apps.privacy.models import RecipientNotice
from vasistas.guard.egress import door, webhooks
from vasistas.guard.egress import queries as egress
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Category, Purpose, Recipient

GIVEN_PER_PAGE = 25
GIVEN_SHOWN_MAX = 2000  # newest rows: a day, a recipient and a purpose each
NOTICES_PER_PAGE = 25
PUBLISHED_TO = ("hosts", "everyone")  # recipients of the policy who see what is shown in rooms


@dataclass(frozen=True)
class Got:
    """One recipient. about: None once the policy has it no more."""

    key: str
    about: Recipient | None
    categories: tuple[Category, ...]
    notices: tuple[RecipientNotice, ...]


@dataclass(frozen=True)
class ShownGiven:
    given: egress.Given
    categories: tuple[Category, ...]
    purpose: Purpose | None


@dataclass(frozen=True)
class Addressed:
    """A recipient that can be told. key: what it checks signatures with, "" where it is not told."""

    about: Recipient
    waiting: int
    key: str


def everyone_who_got(subject_id: int) -> list[Got]:
    given = egress.given_to(subject_id)
    return [
        Got(key, door.recipients().get(key), _named(sorted(got)), tuple(privacy.recipient_notices_of(subject_id, key)))
        for key, got in sorted(given.items())
    ]


def given_page(subject_id: int, number: str | None) -> Page[ShownGiven]:
    """What left, newest first."""
    found = egress.transfers_of(subject_id, limit=GIVEN_SHOWN_MAX)
    page: Page[Any] = Paginator(found, GIVEN_PER_PAGE).get_page(number)
    purposes = get_policy().purposes
    page.object_list = [ShownGiven(one, _named(one.categories), purposes.get(one.purpose)) for one in page.object_list]
    return page


def seen_by() -> list[Recipient]:
    """Who sees what is published; nothing goes to them through the door."""
    return [one for key, one in get_policy().recipients.items() if key in PUBLISHED_TO]


def others() -> list[Recipient]:
    """Who else is on the list, and gets nothing through the door: whose machines it lies on, whom a law names."""
    every = get_policy().recipients
    return [one for key, one in every.items() if not one.categories and key not in PUBLISHED_TO]


def addressed() -> list[Addressed]:
    """Every recipient to which the door lets something out."""
    waiting = privacy.waiting()
    return [
        Addressed(one, waiting.get(one.key, 0), webhooks.public_key(one.key) if one.told_at else "")
        for one in door.recipients().values()
        if one.categories
    ]


def escalated_page(number: str | None) -> Page[RecipientNotice]:
    """What a person here has to take care of, oldest first."""
    return Paginator(privacy.escalated(), NOTICES_PER_PAGE).get_page(number)


def _named(keys: Iterable[str]) -> tuple[Category, ...]:
    known = get_policy().categories
    return tuple(known[key] for key in keys if key in known)
