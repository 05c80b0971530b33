"""What the pages of an erasure say: what goes, by category, and the word that confirms it."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from vasistas.apps.payouts import queries as payouts
from vasistas.apps.purchases import queries as purchases
from vasistas.apps.wallet import queries as wallet
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Retention, Words
from vasistas.guard.purposes import processing
from vasistas.pages import my_data


def word() -> str:
    return _("ERASE")


def is_confirmed(typed: str) -> bool:
    return typed.strip().casefold() == word().casefold()


def what_goes(subject_id: int) -> "list[my_data.Held]":
    """Every category with rows that no law keeps."""
    return [one for one in my_data.overview(subject_id) if one.rows and not all(rule.statute for rule in one.rules)]


@dataclass(frozen=True)
class Stays:
    """What a law keeps of whoever earned here. balance: minor units that can then be paid to nobody. rule: the law."""

    balance: int
    has_details: bool
    rule: Retention

    @property
    def days(self) -> int:
        return self.rule.days_max or self.rule.days_min


def what_stays(subject_id: int) -> Stays | None:
    """None for who never earned anything."""
    if not payouts.has_earned(subject_id):
        return None
    has_details = payouts.payee_of(subject_id) is not None
    return Stays(payouts.balance_of(subject_id), has_details, get_policy().retention["accounting"])


def credits_left(subject_id: int) -> dict[str, int]:
    """What would be lost of credits, and how much of it can be given back before; minor units."""
    with processing("wallet"):
        left = wallet.balance_of(subject_id) + wallet.held(subject_id)
        return {"credits_left": left, "refundable": purchases.unused(subject_id)}


def what_went(said: dict[str, Any] | None) -> list[tuple[Words, int]]:
    """The categories of a certificate, by the titles the policy gives them now; one it has no more keeps its key."""
    known = get_policy().categories
    rows = said["rows_by_category"] if said else {}
    return [(known[key].title if key in known else {"en": key}, count) for key, count in rows.items()]
