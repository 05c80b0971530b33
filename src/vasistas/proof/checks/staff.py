"""Clause 5: who may look into the site's data enters with a second factor."""

from datetime import datetime
from http import HTTPStatus

from allauth.mfa.models import Authenticator

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat import queries as chat
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.purposes import processing
from vasistas.proof import canary

DOORS = ("/admin/", "/admin/accounts/member/", "/staff/", "/staff/proof/", "/staff/register/")


@check(
    "staff.enter_with_a_second_factor",
    kind="canary",
    words={
        "en": "A staff account without a second factor opens no page of the staff and has no tools in a room.",
        "fr": "Un compte de l’équipe sans second facteur n’ouvre aucune page de l’équipe et n’a aucun outil en salon.",
    },
)
def staff_enter_with_a_second_factor(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        with canary.arranging():
            Authenticator.objects.filter(user=canaries.sam).delete()
        browser = canary.browser_of(canaries.sam)
        wrong = [door for door in DOORS if browser.get(door).status_code == HTTPStatus.OK]
        with processing("moderate"):
            standing = chat.standing_of(canaries.rooms[0], canaries.sam, now)
        wrong += ["the tools of a room"] if standing.has_desk else []
    return finding(len(DOORS) + 1, wrong)


@counterexample("staff.enter_with_a_second_factor")
def let_the_role_be_enough(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    Member.acts_as_staff = property(lambda member: member.is_staff)  # type: ignore[assignment]  # what it replaces
