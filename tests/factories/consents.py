"""Choices of members, and a policy that says a switch differently."""

import dataclasses
from datetime import UTC, datetime

from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import Consent
from vasistas.apps.privacy.operations import Said
from vasistas.apps.privacy.operations import consents as writes
from vasistas.apps.privacy.queries import consents as reads
from vasistas.guard.policy import consents, get_policy

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Source = Consent.Source


def give(subject_id, key, channel="", *, source=Source.ACCOUNT, at=NOW, text=None):
    digest = text or consents.text_hash(get_policy().consents[key], "en")
    said = Said(at, "en", source)
    return operations.give_consent(subject_id=subject_id, key=key, channel=channel, text_hash=digest, said=said)


def withdraw(subject_id, key, channel="", *, source=Source.ACCOUNT, at=NOW):
    return operations.withdraw_consent(subject_id=subject_id, key=key, channel=channel, said=Said(at, "en", source))


def object_(subject_id, source=Source.ACCOUNT, at=NOW):
    return operations.object_to_marketing(subject_id=subject_id, said=Said(at, "en", source))


def lift(subject_id, source=Source.ACCOUNT, at=NOW):
    return operations.lift_objection(subject_id=subject_id, said=Said(at, "en", source))


def under_policy(monkeypatch, **changed):
    """The site under a released version 2 that says one switch differently; version 1 stands beside it."""
    first = get_policy()
    one = dataclasses.replace(first.consents["profiles"], **changed)
    second = dataclasses.replace(first, version=2, consents={**first.consents, "profiles": one})
    monkeypatch.setattr(consents, "_released", lambda _folder, number: first if number == 1 else None)
    monkeypatch.setattr(reads, "get_policy", lambda: second)
    monkeypatch.setattr(writes, "get_policy", lambda: second)
    return second


NEW_WORDS = {"en": "Other words.", "fr": "Autres mots."}
