"""What each part of a policy says well, and the whole contradicts."""

import re
from datetime import date

from vasistas.guard.policy.model import Reads, Recipient, Retention
from vasistas.guard.policy.reading import Source
from vasistas.guard.policy.schema import Parts

_DAYS = re.compile(r"(\d+)\s*(?:days?|jours?)\b")

TOLD_UNDER = "rights"  # the purpose under which recipients are told of corrections and erasures
PSEUDONYM = "user.unique_id.pseudonymous"  # the category of the number by which they know somebody

# Regulation (EU) 2016/679 holds in the Union, and by Decision 154/2018 of the Joint Committee in the rest of the EEA.
EEA = frozenset(
    re.findall("[A-Z]+", "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO")
)


def check(source: Source, parts: Parts, today: date | None) -> None:
    """Note every contradiction as a fault. today: the day transfers are judged on; None: of a version of the past."""
    for rule in parts.retention.values():
        _check_retention(source, rule)
        _check_words(source, rule)
    for recipient in parts.recipients.values():
        _check_transfer(source, recipient, today)
        _check_told(source, parts, recipient)
    _check_endpoints(source, parts)
    _check_categories(source, parts)
    _check_purposes(source, parts)


def _check_retention(source: Source, rule: Retention) -> None:
    path = ("retention", rule.key)
    if rule.days_max is not None and rule.days_min > rule.days_max:
        what = f"The rule {rule.key!r} deletes after {rule.days_max} days what must stay for {rule.days_min}."
        source.fault(
            (*path, "days_min"),
            what,
            "Raise days_max to the minimum at least, or give the statute's fields a rule of their own.",
        )
    if rule.days_min and not rule.statute:
        what = f"The rule {rule.key!r} has a minimum and no statute."
        source.fault(
            (*path, "days_min"),
            what,
            'Name the law that forbids deleting: statute = "…". Without one, remove days_min.',
        )
    if rule.statute and not rule.days_min:
        what = f"The rule {rule.key!r} names a statute and no minimum."
        source.fault((*path, "statute"), what, "Add days_min = …, or remove the statute.")


def _check_words(source: Source, rule: Retention) -> None:
    """People are told what the rule says, where its words count days at all."""
    for language, words in rule.words.items():
        told = [int(number) for number in _DAYS.findall(words)]
        if told and rule.days_max is not None and rule.days_max not in told:
            source.fault(
                ("retention", rule.key, "words"),
                f"The rule {rule.key!r} says {told[0]} days in {language}, and its days_max is {rule.days_max}.",
                "Make them the same.",
            )


def _check_transfer(source: Source, recipient: Recipient, today: date | None) -> None:
    path = ("recipients", recipient.key)
    if recipient.country and recipient.country not in EEA and not recipient.instrument:
        what = f"The recipient {recipient.key!r} is in {recipient.country}, outside the EEA, without an instrument."
        source.fault(
            (*path, "country"), what, 'Name it: instrument = "…" and expires = … (GDPR Art. 46), or send nothing there.'
        )
    if recipient.instrument and recipient.expires is None:
        what = f"The instrument of the recipient {recipient.key!r} has no expiry."
        source.fault((*path, "instrument"), what, "Add expires = …, the day by which somebody looks at it again.")
    if recipient.expires is not None and today is not None and recipient.expires < today:
        what = f"The instrument of the recipient {recipient.key!r} expired on {recipient.expires}."
        source.fault((*path, "expires"), what, "Renew it and write the new day, or remove the recipient.")


def _check_told(source: Source, parts: Parts, recipient: Recipient) -> None:
    """A recipient that is told of corrections and erasures (GDPR Art. 19) is told through the door, like anything."""
    path = ("recipients", recipient.key, "told_at")
    if not recipient.told_at:
        return
    if recipient.not_told:
        source.fault(path, f"The recipient {recipient.key!r} is told, and says why it is not.", "Remove not_told.")
    if PSEUDONYM not in recipient.categories:
        what = f"The recipient {recipient.key!r} is told about people by a number it may not get."
        source.fault(path, what, f"Add {PSEUDONYM!r} to its categories.")
    rows = [row for row in parts.activities.values() if row.purpose == TOLD_UNDER]
    if not any(recipient.key in row.recipients for row in rows):
        what = f"The recipient {recipient.key!r} is told under {TOLD_UNDER!r}, and no activity of that purpose has it."
        source.fault(path, what, "Name it in the recipients of such an activity.")


def _check_endpoints(source: Source, parts: Parts) -> None:
    """Who gets what would be told wrong, if two recipients ran one thing."""
    runs: dict[str, str] = {}
    for recipient in parts.recipients.values():
        for name in recipient.endpoints:
            if (first := runs.setdefault(name, recipient.key)) != recipient.key:
                what = f"The endpoint {name!r} is of the recipient {recipient.key!r} and of {first!r}."
                source.fault(("recipients", recipient.key, "endpoints"), what, "Name the one that runs it.")


def _check_categories(source: Source, parts: Parts) -> None:
    used = {category for activity in parts.activities.values() for category in activity.categories}
    for key in parts.categories:
        if key not in used:
            source.fault(
                ("categories", key),
                f"The category {key!r} is used by no activity.",
                "Name it in the [activities] that need it and in their purposes, or stop storing it.",
            )


def _check_purposes(source: Source, parts: Parts) -> None:
    stated: dict[str, set[str]] = {}
    for activity in parts.activities.values():
        stated.setdefault(activity.purpose, set()).update(activity.categories)
        if activity.purpose in parts.purposes:
            for category in sorted(activity.categories - parts.purposes[activity.purpose].categories):
                source.fault(
                    ("activities", activity.key, "categories"),
                    f"The activity {activity.key!r} uses {category!r}, which its purpose does not allow.",
                    f"Remove it there, or add it to [purposes.{activity.purpose}].",
                )
    for key, purpose in parts.purposes.items():
        if key not in stated and purpose.reads is not Reads.INTERNAL:
            source.fault(
                ("purposes", key),
                f"The purpose {key!r} is used by no activity.",
                f'Add an activity with purpose = "{key}", or remove the purpose.',
            )
        for category in sorted(purpose.categories - stated.get(key, purpose.categories)):
            source.fault(
                ("purposes", key, "categories"),
                f"The purpose {key!r} allows {category!r}, and none of its activities needs it.",
                f"Remove it from [purposes.{key}], or name it in an activity.",
            )
