"""What people have chosen, by the law of it: nothing is on that nobody turned on, the latest counts, an objection
dominates, and a text that was widened since is asked for anew.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import batched

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from vasistas.apps.privacy.models import OBJECTION, Consent, Subject
from vasistas.guard.policy import consents, get_policy
from vasistas.guard.policy.model import Consent as Switch
from vasistas.guard.policy.model import Policy
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotFound

SUBJECTS_AT_ONCE = 1000  # people asked for by one query
RECORDS_PER_PAGE = 25


class State(StrEnum):
    """Of one switch. Only ON allows anything."""

    OFF = "off"
    ON = "on"
    ANEW = "anew"  # on, by a text that was widened since: it counts again once it is given to the new one
    STOPPED = "stopped"  # an objection to direct marketing stands
    WAITING = "waiting"  # on, and the switch above it is off


@dataclass
class Choices:
    """What one person chose. latest: of each switch and channel; objection: the latest of these; objected_pk: the
    latest that objects, 0 without one.
    """

    latest: dict[tuple[str, str], Consent] = field(default_factory=dict)
    objection: Consent | None = None
    objected_pk: int = 0

    def add(self, record: Consent) -> None:
        """Take the next record, in the order they were written."""
        if record.act in {Consent.Act.GIVEN, Consent.Act.WITHDRAWN}:
            self.latest[record.key, record.channel] = record
            return
        self.objection = record
        if record.act == Consent.Act.OBJECTED:
            self.objected_pk = record.pk

    @property
    def has_objected(self) -> bool:
        return self.objection is not None and self.objection.act == Consent.Act.OBJECTED

    def state(self, policy: Policy, key: str, channel: str = "") -> State:
        """Return what a switch is now. Consent from before an objection does not come back when that is lifted."""
        one, record = policy.consents[key], self.latest.get((key, channel))
        if one.is_objectable and self.has_objected:
            return State.STOPPED
        is_given = record is not None and record.act == Consent.Act.GIVEN
        if record is None or not is_given or (one.is_objectable and record.pk < self.objected_pk):
            return State.OFF
        if not consents.covers(policy, key, record.policy_version, record.text_hash, record.language):
            return State.ANEW
        return State.WAITING if one.under and self.state(policy, one.under) is not State.ON else State.ON


def may(subject_id: int, key: str, channel: str | None = None, *, at: datetime) -> bool:
    """Whether somebody's consent to `key` stands at a moment; for a switch with channels, by which one.

    Ask right before the act it allows, in the same transaction. States its own purpose. An account that is restricted,
    or being erased, consents to nothing. Raises: NotFound: the policy has no such switch or channel.
    """
    return subject_id in may_each([subject_id], key, channel, at=at)


@processing("consents")
def may_each(subject_ids: Iterable[int], key: str, channel: str | None = None, *, at: datetime) -> set[int]:
    """The same for many: return those of whom it is true, by one query for each SUBJECTS_AT_ONCE."""
    policy, chosen = get_policy(), channel or ""
    one = known(policy, key, chosen)
    keys, allowed = [key, one.under, OBJECTION], set()
    for some in batched(subject_ids, SUBJECTS_AT_ONCE):
        found = _choices(some, keys, at)
        allowed |= {subject for subject, its in found.items() if its.state(policy, key, chosen) is State.ON}
    return allowed


@processing("consents")
def choices_of(subject_id: int, *, at: datetime) -> Choices:
    """All a person has chosen, in whatever state the account is."""
    records = Consent.objects.filter(subject_id=subject_id, at__lte=at)
    return _folded(records.order_by("pk")).get(subject_id, Choices())


@processing("consents")
def has_overruled_gpc(subject_id: int, *, at: datetime) -> bool:
    """Whether somebody took back, in My Account, an objection that their browser had sent: what a person says
    themselves counts more than the signal (W3C, Global Privacy Control).
    """
    records = Consent.objects.filter(subject_id=subject_id, at__lte=at)
    sent = records.filter(act=Consent.Act.OBJECTED, source=Consent.Source.GPC)
    first = sent.order_by("pk").values_list("pk", flat=True).first()
    return first is not None and records.filter(act=Consent.Act.LIFTED, pk__gt=first).exists()


def known(policy: Policy, key: str, channel: str) -> Switch:
    """Return a switch of the policy. Raises: NotFound: there is none, or it is not given for that channel."""
    one = policy.consents.get(key)
    if one is None or (channel not in one.channels if one.channels else channel != ""):
        raise NotFound(_("There is no such switch."))
    return one


def consent_records(subject_id: int, number: str | None) -> Page[Consent]:
    """A person's own records, newest first."""
    found = Consent.objects.filter(subject_id=subject_id).order_by("-pk")
    return Paginator(found, RECORDS_PER_PAGE).get_page(number)


def get_consent_for(*, subject_id: int, receipt_id: uuid.UUID) -> Consent:
    """Raises: NotFound: there is no such record, or it is somebody else's, which looks the same."""
    found = Consent.objects.filter(subject_id=subject_id, receipt_id=receipt_id).first()
    if found is None:
        raise NotFound(_("There is no such receipt."))
    return found


def _choices(subject_ids: Sequence[int], keys: list[str], at: datetime) -> dict[int, Choices]:
    active = Consent.objects.filter(subject_id__in=subject_ids, subject__state=Subject.State.ACTIVE)
    return _folded(active.filter(key__in=keys, at__lte=at).order_by("pk"))


def _folded(records: Iterable[Consent]) -> dict[int, Choices]:
    found: dict[int, Choices] = {}
    for record in records:
        found.setdefault(record.subject_id, Choices()).add(record)
    return found
