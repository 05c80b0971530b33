"""Clause 1: paying is off until it is switched on, and off again when it is switched off."""

import uuid
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from vasistas import payments
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import queries
from vasistas.apps.purchases.models import Purchase
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet.models import Kind, TransferKind
from vasistas.apps.wallet.rules import Leg, PayingOff
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.policy import consents, get_policy
from vasistas.guard.purposes import processing
from vasistas.proof import canary
from vasistas.proof.browser import Browser, tags

KEY = "payments"
CREDITS = 1000  # minor units
MINOR = 100  # in one unit of the currency
TRIES = 6  # the page, buying and paying; before the switch, and after it is off again


@check(
    "payments.need_the_switch",
    kind="canary",
    words={
        "en": "A member with credits and the switch off is offered nothing to buy, and can neither buy nor pay; "
        "switched on, paying works; off again, nothing does.",
        "fr": "À un membre qui a des crédits et dont l’interrupteur est coupé, rien n’est proposé, et il ne peut ni "
        "acheter ni payer ; activé, payer fonctionne ; coupé de nouveau, plus rien.",
    },
)
def need_the_switch(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        vi, browser = canaries.vi, canary.browser_of(canaries.vi)
        with canary.arranging():
            _give_credits(vi)
        wrong = [f"off: {what}" for what in _possible(vi, browser)]
        _press(browser, "give")
        wrong += [] if "paying" in _possible(vi, browser) else ["on: paying"]
        _press(browser, "withdraw")
        wrong += [f"off again: {what}" for what in _possible(vi, browser)]
    return finding(TRIES, wrong, at_least=TRIES)


@counterexample("payments.need_the_switch")
def pay_without_asking(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    wallet.check_may_pay = lambda *_asked: None


def _possible(member: Member, browser: Browser) -> list[str]:
    """What of paying a member can do now, tried by doing it."""
    page = browser.get(reverse("pages:money")).text
    actions = [attributes.get("action", "") for _tag, attributes in tags(page, "form")]
    offered = ["offered"] if reverse("purchases:buy") in actions else []
    return [*offered, *_buying(member, browser), *_paying(member)]


def _buying(member: Member, browser: Browser) -> list[str]:
    """Where it is offered it is not tried: a provider would be asked. Where it is not, nothing must come of it."""
    before = _purchases(member)
    amount = f"{Decimal(settings.PURCHASE_MIN_MINOR) / MINOR:.2f}"
    name = next(iter(payments.names()), "none")
    if not _is_on(member):
        form = {"key": str(uuid.uuid4()), "pack": "free", "amount": amount, "way": f"{name}:"}
        browser.post(reverse("purchases:buy"), form)
    return ["buying"] if _purchases(member) > before else []


def _is_on(member: Member) -> bool:
    return queries.may(member.subject_id, KEY, at=timezone.now())


def _purchases(member: Member) -> int:
    with processing("prove"):
        return Purchase.objects.filter(subject=member.subject_id).count()


def _paying(member: Member) -> list[str]:
    legs = [Leg(wallet.site_account(Kind.REVENUE).pk, 1)]
    try:
        with canary.arranging():
            wallet.spend(
                subject_id=member.subject_id,
                legs=legs,
                key=f"canary:{uuid.uuid4()}",
                kind=TransferKind.TIP,
                at=timezone.now(),
            )
    except PayingOff:
        return []
    return ["paying"]


def _give_credits(member: Member) -> None:
    account = wallet.account_of(member.subject_id)
    legs = [Leg(wallet.site_account(Kind.PROMOTIONS).pk, -CREDITS), Leg(account.pk, CREDITS)]
    wallet.post(key=f"canary:{uuid.uuid4()}", kind=TransferKind.GIVEN, legs=legs, at=timezone.now())


def _press(browser: Browser, act: str) -> None:
    digest = consents.text_hash(get_policy().consents[KEY], "en")
    browser.post(reverse("pages:money"), {"act": act, "key": KEY, "channel": "", "text": digest})
