"""Whom to pay: details that a host gives, and holds that staff places."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from vasistas.apps.payouts import queries
from vasistas.apps.payouts.events import DetailsChanged
from vasistas.apps.payouts.models import Payee, Payout
from vasistas.guard import subjects
from vasistas.lib import events


@dataclass(frozen=True)
class Details:
    """What a host types, clean. iban: "" keeps the one that is there. born_on: of private persons."""

    kind: str
    country: str
    legal_name: str
    address: str
    tax_number: str
    vat: str
    iban: str = ""
    bic: str = ""
    vat_number: str = ""
    born_on: date | None = None


def set_details(*, subject_id: int, details: Details, at: datetime) -> Payee:
    """Keep how somebody is paid. An account number that is typed, even the same, lets payouts wait for IBAN_HOLD.

    Raises: SubjectGone. ValueError: no account number is known yet. Locks: the payee. Publishes: DetailsChanged.
    """
    with transaction.atomic():
        subjects.hold(subject_id)
        payee = Payee.objects.select_for_update().filter(subject=subject_id).first()
        if payee is None:
            if not details.iban:
                raise ValueError("A payee needs an account number.")
            payee = Payee(subject_id=subject_id, iban_at=at)
        payee.kind, payee.country, payee.vat = details.kind, details.country, details.vat
        payee.legal_name, payee.address, payee.tax_number = details.legal_name, details.address, details.tax_number
        payee.born_on = details.born_on.isoformat() if details.born_on else ""
        payee.vat_number = details.vat_number
        if details.iban:
            payee.iban, payee.bic, payee.iban_at = details.iban, details.bic, at
        payee.changed_at = at
        payee.save()
        events.publish(DetailsChanged(subject_id=subject_id, has_new_iban=bool(details.iban)))
    return payee


def hold_payee(*, subject_id: int, because: str, at: datetime) -> None:
    """Pay somebody nothing until it is lifted; they are shown why. What is prepared for them leaves its run, which
    then needs other approvals. Without details there is nothing to hold.

    Raises: SubjectGone. Locks: the payee.
    """
    with transaction.atomic():
        subjects.hold(subject_id)
        payee = Payee.objects.select_for_update().filter(subject=subject_id).first()
        if payee is None:
            return
        payee.held_at, payee.held_because = at, because
        payee.save(update_fields=["held_at", "held_because"])
        accounts = [one.pk for one in queries.accounts_of(subject_id)]
        prepared = Payout.objects.filter(account__in=accounts, state=Payout.State.PREPARED)
        prepared.update(state=Payout.State.HELD, reason=Payout.Reason.BY_STAFF, at=at)


def lift_hold(*, subject_id: int) -> None:
    """Let the next run pay somebody again; a repeat changes nothing. Raises: SubjectGone."""
    with transaction.atomic():
        subjects.hold(subject_id)
        Payee.objects.filter(subject=subject_id).update(held_at=None, held_because="")
