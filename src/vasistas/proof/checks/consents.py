"""Clauses 1 and 2: nothing is on that nobody turned on, off is as easy as on, records stay, an objection dominates."""

from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, models, transaction
from django.db.models.signals import post_save
from django.urls import reverse
from django.utils import timezone

from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy import queries
from vasistas.apps.privacy.models import Consent
from vasistas.apps.privacy.queries import Choices
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.policy import consents, get_policy
from vasistas.guard.purposes import processing
from vasistas.proof import canary
from vasistas.proof.browser import Browser, tags

SWITCHES = ("payments", "bulletins", "marketing", "profiles", "statistics")
GPC = {"Sec-GPC": "1"}


@check(
    "consents.none_by_registering",
    kind="canary",
    words={
        "en": "Members who have just arrived have every switch off, in the database and on their pages; and no consent "
        "is as old as its account.",
        "fr": "Chez des membres à peine arrivés, chaque interrupteur est coupé, en base et sur leurs pages ; aucun "
        "consentement n’a l’âge de son compte.",
    },
)
def none_by_registering(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        wrong = [key for member in canaries.everyone for key in _on(member)]
        markup = canary.browser_of(canaries.vi).get(reverse("pages:my_consents")).text
        offered = [act for act in _acts(markup).values() if act != "give"]
        with processing("prove"):
            at_once = models.Q(at__lte=models.F("subject__created_at"))
            early = Consent.objects.filter(at_once, act=Consent.Act.GIVEN).count()
    wrong += [f"shown: {act}" for act in offered] + ["given with the account"] * bool(early)
    return finding(len(SWITCHES), wrong, at_least=len(SWITCHES))


@counterexample("consents.none_by_registering")
def consent_by_registering(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    def agree(instance: Member, created: bool, **_sent: Any) -> None:  # noqa: FBT001 — Django's signature
        if created:
            _write(instance, "bulletins", instance.date_joined)

    post_save.connect(agree, sender=Member, weak=False)


@check(
    "consents.switches_are_independent",
    kind="canary",
    words={
        "en": "A member turns on each of five switches by itself: each time that one is on, and no other.",
        "fr": "Un membre active un à un cinq interrupteurs : chaque fois celui-là seul est activé.",
    },
)
def switches_are_independent(now: datetime) -> Finding:
    wrong = [] if set(SWITCHES) <= set(get_policy().consents) else ["policy: a switch is missing"]
    with canary.stage(now) as canaries:
        browser = canary.browser_of(canaries.vi)
        for key in SWITCHES:
            _press(browser, key)
            wrong += [key] if _on(canaries.vi) != {key} else []
            _press(browser, key)
    return finding(len(SWITCHES), wrong, at_least=len(SWITCHES))


@counterexample("consents.switches_are_independent")
def bundle_the_switches(now: datetime) -> None:  # noqa: ARG001 — see above
    give = privacy.give_consent

    def give_two(**asked: Any) -> Any:
        other = get_policy().consents["marketing"]
        digest = consents.text_hash(other, asked["said"].language)
        give(**asked | {"key": "marketing", "text_hash": digest})
        return give(**asked)

    privacy.give_consent = give_two


@check(
    "consents.withdrawing_is_as_easy",
    kind="canary",
    words={
        "en": "Each switch has one button to turn it on and, in the same place, one to turn it off; each works at "
        "once.",
        "fr": "Chaque interrupteur a un bouton pour l’activer et, au même endroit, un pour le couper ; chacun agit "
        "aussitôt.",
    },
)
def withdrawing_is_as_easy(now: datetime) -> Finding:
    wrong = []
    with canary.stage(now) as canaries:
        browser = canary.browser_of(canaries.vi)
        for key in SWITCHES:
            before = _press(browser, key)
            after_on = _on(canaries.vi)
            between = _press(browser, key)
            if (before, between, key in after_on, key in _on(canaries.vi)) != ("give", "withdraw", True, False):
                wrong.append(key)
    return finding(len(SWITCHES), wrong, at_least=len(SWITCHES))


@counterexample("consents.withdrawing_is_as_easy")
def never_let_go(now: datetime) -> None:  # noqa: ARG001 — see above
    privacy.withdraw_consent = lambda **_asked: None


@check(
    "consents.latest_counts",
    kind="canary",
    words={
        "en": "A member turns a switch on, off, on and off again: after each, the latest choice counts.",
        "fr": "Un membre active, coupe, active et coupe encore : chaque fois, le dernier choix compte.",
    },
)
def latest_counts(now: datetime) -> Finding:
    seen = []
    with canary.stage(now) as canaries:
        browser = canary.browser_of(canaries.vi)
        for _turn in range(4):
            _press(browser, "statistics")
            seen.append("statistics" in _on(canaries.vi))
    wrong = [f"turn {number}" for number, (one, is_right) in enumerate(zip(seen, [True, False] * 2, strict=True))
             if one != is_right]  # fmt: skip
    return finding(len(seen), wrong, at_least=len(seen))


@counterexample("consents.latest_counts")
def first_choice_counts(now: datetime) -> None:  # noqa: ARG001 — see above
    def keep_first(self: Choices, record: Consent) -> None:
        self.latest.setdefault((record.key, record.channel), record)

    Choices.add = keep_first  # type: ignore[method-assign]  # planted


@check(
    "consents.records_stay",
    kind="canary",
    words={
        "en": "The database itself refuses to change a record of consent, and to delete one of a member who stays.",
        "fr": "La base elle-même refuse de changer un consentement consigné, et d’en effacer un d’un membre qui reste.",
    },
)
def records_stay(now: datetime) -> Finding:
    with canary.stage(now) as canaries, canary.arranging():
        _write(canaries.vi, "bulletins", now)
        wrong = [name for name, sql in _ATTACKS.items() if not _is_refused(sql, canaries.vi.subject_id)]
    return finding(len(_ATTACKS), wrong, at_least=len(_ATTACKS))


_ATTACKS = {
    "update": "UPDATE privacy_consent SET act = 'withdrawn' WHERE subject_id = %s",
    "delete": "DELETE FROM privacy_consent WHERE subject_id = %s",
}


def _is_refused(sql: str, subject_id: int) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [subject_id])
    except DatabaseError:
        return True
    return False


@counterexample("consents.records_stay")
def drop_the_triggers(now: datetime) -> None:  # noqa: ARG001 — see above
    table = " ON privacy_consent" if connection.vendor == "postgresql" else ""
    with processing("maintain", reason="a counterexample"), connection.cursor() as cursor:
        for name in ("privacy_consent_no_update", "privacy_consent_no_delete"):
            cursor.execute(f"DROP TRIGGER {name}{table}")


@check(
    "consents.objection_dominates",
    kind="canary",
    words={
        "en": "A member who agreed to advertising and a profile objects with one click: both are off, cannot be "
        "turned on, and stay off when the objection is taken back.",
        "fr": "Un membre d’accord pour publicité et profil s’y oppose d’un clic : les deux sont coupés, ne s’activent "
        "plus, et restent coupés quand l’opposition est retirée.",
    },
)
def objection_dominates(now: datetime) -> Finding:
    wrong = []
    page = reverse("pages:my_consents")
    objectable = {"marketing", "profiles"}
    with canary.stage(now) as canaries:
        browser = canary.browser_of(canaries.vi)
        for key in sorted(objectable):
            _press(browser, key)
        wrong += [] if _on(canaries.vi) == objectable else ["given"]
        browser.post(page, {"act": "object"})
        wrong += sorted(objectable & _on(canaries.vi))
        one = get_policy().consents["marketing"]
        browser.post(page, {"act": "give", "key": "marketing", "text": consents.text_hash(one, "en")})
        wrong += sorted(objectable & _on(canaries.vi))
        browser.post(page, {"act": "lift"})
        wrong += sorted(objectable & _on(canaries.vi))
    return finding(len(objectable), wrong, at_least=len(objectable))


@counterexample("consents.objection_dominates")
def object_in_vain(now: datetime) -> None:  # noqa: ARG001 — see above
    privacy.object_to_marketing = lambda **_asked: None


@check(
    "consents.browser_can_object",
    kind="canary",
    words={
        "en": "A signed-in browser that sends Global Privacy Control opens a page: the objection stands, "
        "written down once.",
        "fr": "Un navigateur connecté qui envoie Global Privacy Control ouvre une page : l’opposition "
        "vaut, notée une fois.",
    },
)
def browser_can_object(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        browser = canary.browser_of(canaries.vi)
        _press(browser, "marketing")
        for _time in range(2):
            browser.get(reverse("pages:home"), headers=GPC)
        with processing("consents"):
            noted = Consent.objects.filter(subject_id=canaries.vi.subject_id, act=Consent.Act.OBJECTED).count()
        wrong = [] if noted == 1 else [f"written down {noted} times"]
        wrong += sorted(_on(canaries.vi))
    return finding(2, wrong, at_least=1)


@counterexample("consents.browser_can_object")
def ignore_the_signal(now: datetime) -> None:  # noqa: ARG001 — see above
    listen = privacy.object_to_marketing

    def listen_to_clicks_alone(**asked: Any) -> Any:
        return None if asked["said"].source == Consent.Source.GPC else listen(**asked)

    privacy.object_to_marketing = listen_to_clicks_alone


def _on(member: Member) -> set[str]:
    """The first switches that a member has on, by now: pages write the hour themselves."""
    at = timezone.now()
    return {key for key in SWITCHES if queries.may(member.subject_id, key, at=at)}


def _acts(markup: str) -> dict[str, str]:
    """What the buttons of the switches do, by key."""
    key, found = "", {}
    for tag, attributes in tags(markup, "input", "button"):
        key = attributes["value"] if tag == "input" and attributes.get("name") == "key" else key
        if tag == "button" and attributes.get("name") == "act" and key and key not in found:
            found[key] = attributes["value"]
    return found


def _press(browser: Browser, key: str) -> str:
    """Press the one button of a switch as the page shows it, and return what it was for."""
    page = reverse("pages:my_consents")
    act = _acts(browser.get(page).text).get(key, "")
    digest = consents.text_hash(get_policy().consents[key], "en")
    browser.post(page, {"act": act, "key": key, "channel": "", "text": digest})
    return act


def _write(member: Member, key: str, at: datetime) -> None:
    policy = get_policy()
    Consent.objects.create(
        subject_id=member.subject_id,
        key=key,
        act=Consent.Act.GIVEN,
        policy_version=policy.version,
        text_hash=consents.text_hash(policy.consents[key], "en"),
        language="en",
        source=Consent.Source.ACCOUNT,
        at=at,
    )
