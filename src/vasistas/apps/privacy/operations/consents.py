"""Someone chooses: gives, withdraws, objects, takes an objection back. Each writes a record; none changes one.

Events: ConsentChosen, with each record.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.privacy import queries
from vasistas.apps.privacy.events import ConsentChosen
from vasistas.apps.privacy.models import OBJECTION, Consent
from vasistas.apps.privacy.queries import State
from vasistas.guard import subjects
from vasistas.guard.policy import consents, get_policy
from vasistas.guard.purposes import processing
from vasistas.lib import events
from vasistas.lib.errors import DomainError, LimitReached

GIVEN_PER_DAY_MAX = 200  # switches turned on and objections lifted, by one person; refusing has no limit
DAY = timedelta(days=1)
Act, Source = Consent.Act, Consent.Source


class ConsentRefused(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """It cannot be given so: by somebody else, to words that were not shown, or against an objection."""

    status = 409
    code = "privacy.consent_refused"


@dataclass(frozen=True)
class Said:
    """How somebody chose. language: in which the words were shown."""

    at: datetime
    language: str = "en"
    source: Consent.Source = Source.ACCOUNT


@processing("consents")
def give_consent(*, subject_id: int, key: str, channel: str = "", text_hash: str, said: Said) -> Consent | None:
    """Turn a switch on; return the record, or None where it is on already. text_hash: of the words that were shown.

    Raises: ConsentRefused: it comes from an import, from staff or a signal; the words are others by now; an objection
    stands. NotFound, LimitReached, SubjectGone.
    """
    policy = get_policy()
    one = queries.known(policy, key, channel)
    if said.source not in {Source.ACCOUNT, Source.LINK}:
        raise ConsentRefused(_("Only you can switch this on."))
    if text_hash != consents.text_hash(one, said.language):
        raise ConsentRefused(_("The words have changed since the page was shown. Read them again, then choose."))
    with transaction.atomic():
        subjects.hold(subject_id)
        state = queries.choices_of(subject_id, at=said.at).state(policy, key, channel)
        if state is State.STOPPED:
            raise ConsentRefused(_("You have objected to advertising. Take the objection back first."))
        if state in {State.ON, State.WAITING}:
            return None
        _limit(subject_id, said.at)
        return _write(subject_id, Act.GIVEN, key, channel, said)


@processing("consents")
def withdraw_consent(*, subject_id: int, key: str, channel: str = "", said: Said) -> Consent | None:
    """Turn a switch off, from any source; return the record, or None where it is off already.

    Raises: NotFound, SubjectGone.
    """
    queries.known(get_policy(), key, channel)
    with transaction.atomic():
        subjects.hold(subject_id)
        latest = queries.choices_of(subject_id, at=said.at).latest.get((key, channel))
        if latest is None or latest.act == Act.WITHDRAWN:
            return None
        return _write(subject_id, Act.WITHDRAWN, key, channel, said)


@processing("consents")
def object_to_marketing(*, subject_id: int, said: Said) -> Consent | None:
    """Stop all direct marketing and profiles, from any source; consent given before does not come back by itself.
    Return the record, or None where an objection stands already.

    Raises: SubjectGone. Source: GDPR Art. 21(2) and (3).
    """
    with transaction.atomic():
        subjects.hold(subject_id)
        if queries.choices_of(subject_id, at=said.at).has_objected:
            return None
        return _write(subject_id, Act.OBJECTED, OBJECTION, "", said)


@processing("consents")
def lift_objection(*, subject_id: int, said: Said) -> Consent | None:
    """Take the objection back: switches can be turned on again, and none is.

    Raises: ConsentRefused: only the person can, in My Account. LimitReached, SubjectGone.
    """
    if said.source != Source.ACCOUNT:
        raise ConsentRefused(_("Only you can take the objection back."))
    with transaction.atomic():
        subjects.hold(subject_id)
        if not queries.choices_of(subject_id, at=said.at).has_objected:
            return None
        _limit(subject_id, said.at)
        return _write(subject_id, Act.LIFTED, OBJECTION, "", said)


def _limit(subject_id: int, at: datetime) -> None:
    recent = Consent.objects.filter(subject_id=subject_id, at__gt=at - DAY, act__in=[Act.GIVEN, Act.LIFTED])
    if recent.count() >= GIVEN_PER_DAY_MAX:
        raise LimitReached(_("You have switched very often today. Go on tomorrow; switching off always works."))


def _write(subject_id: int, act: Consent.Act, key: str, channel: str, said: Said) -> Consent:
    policy = get_policy()
    one = policy.consents.get(key)
    record = Consent.objects.create(
        subject_id=subject_id,
        key=key,
        channel=channel,
        act=act,
        policy_version=policy.version,
        text_hash=consents.text_hash(one, said.language) if one else policy.clauses["2"].digest,
        language=said.language,
        source=said.source,
        at=said.at,
    )
    events.publish(ConsentChosen(subject_id, key, channel, act, said.source, said.at))
    return record
