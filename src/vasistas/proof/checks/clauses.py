"""Clause M: the words and rules in force are those of a released version, and every version stays readable."""

import shutil
from datetime import datetime
from http import HTTPStatus

from django.conf import settings
from django.urls import reverse

from vasistas.guard.conformance.registry import Finding, NotProven, check, counterexample, finding
from vasistas.guard.policy import FILES, get_policy, versions
from vasistas.guard.policy.compiler import compile_policy
from vasistas.guard.policy.faults import PolicyRefused
from vasistas.proof.browser import Browser


@check(
    "policy.is_released",
    kind="static",
    words={
        "en": "Words and rules in force are, letter by letter, those of the released version they name.",
        "fr": "Textes et règles en vigueur sont, à la lettre, ceux de la version publiée qu’ils nomment.",
    },
)
def policy_is_released(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    current, is_apart = get_policy(), settings.POLICY_IN_FORCE != FILES  # apart: a draft may lie there, half written
    try:
        released = versions.get_version(settings.POLICY, current.version) if current.is_released and is_apart else None
        stored = released or compile_policy(settings.POLICY)
    except PolicyRefused as refused:
        return finding(1, [f"policy: {len(str(refused).splitlines())} faults"])
    if faults := versions.faults_of_history(settings.POLICY):
        return finding(1, [f"policy: {len(faults)} faults"])
    if stored.digest != current.digest:
        return finding(1, ["policy: what is in force is not what is stored; start the site again"])
    if not stored.is_released:
        raise NotProven(f"Version {stored.version} is a draft; it has not been released yet.")
    return finding(len(stored.clauses), [], at_least=1)


@counterexample("policy.is_released")
def change_words_without_a_version(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    words = settings.POLICY / "clauses" / "en.md"
    words.write_text(words.read_text() + "\nWe may sell it.\n")


@check(
    "policy.versions_answer",
    kind="probe",
    words={
        "en": "Every released version of the policy has its page, in every language.",
        "fr": "Chaque version publiée de la politique a sa page, dans chaque langue.",
    },
)
def versions_answer(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    browser, policy = Browser(), get_policy()
    latest = max([policy.version - (not policy.is_released), *versions.history(settings.POLICY)])
    if not latest:
        raise NotProven("No version has been released yet.")
    numbers = range(1, latest + 1)
    asked = {f"/privacy/versions/{number}/?lang={language}" for number in numbers for language in policy.languages}
    wrong = [path for path in asked if browser.get(path).status_code != HTTPStatus.OK]
    listed = browser.get(reverse("pages:versions")).text
    wrong += [f"{number} is not listed" for number in numbers if f"/privacy/versions/{number}/" not in listed]
    return finding(len(asked) + len(numbers), wrong, at_least=1)


@counterexample("policy.versions_answer")
def lose_a_version(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    shutil.rmtree(settings.POLICY / "versions" / "1")
