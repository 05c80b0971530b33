"""Clause 5: who may look into the site's data has a second factor."""

from datetime import datetime

from allauth.mfa.models import Authenticator

from vasistas.apps.accounts.models import Member
from vasistas.guard.conformance.registry import Finding, check, count, counterexample
from vasistas.guard.staff import SECOND_FACTORS
from vasistas.proof import scene


@check(
    "staff.have_second_factor",
    kind="live",
    words={
        "en": "Every account of the staff has a second factor.",
        "fr": "Chaque compte de l’équipe a un second facteur.",
    },
)
def staff_have_second_factor(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    staff = Member.objects.filter(is_staff=True, is_active=True)
    with_factor = Authenticator.objects.filter(type__in=SECOND_FACTORS).values("user_id")
    return count(staff.count(), staff.exclude(pk__in=with_factor).count(), "accounts of staff")


@counterexample("staff.have_second_factor")
def let_staff_in_without(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    scene.arrive("Lea", is_staff=True)
