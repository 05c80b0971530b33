"""Receipts: every field of ISO/IEC TS 27560:2023, readable without asking another site."""

import json
import uuid

import pytest

from tests.factories.accounts import make_member
from tests.factories.consents import NEW_WORDS, give, object_, under_policy
from vasistas.apps.privacy import queries
from vasistas.guard.policy import get_policy
from vasistas.lib.operator import Operator

OPERATOR = Operator("Nobody", "1, rue", "privacy@example.org", "+352 1")
HEADER = ["@context", "@id", "@type", "dct:conformsTo", "dct:issued", "dpv:hasRecord"]
RECORD = [
    "dct:identifier", "dct:conformsTo", "dpv:hasDataSubject", "dpv:hasProcess", "dpv:hasDataController",
    "dpv:hasConsentStatus",
]  # fmt: skip
PROCESS = [
    "dpv:hasNotice", "dpv:hasPurpose", "dpv:hasLegalBasis", "dpv:hasPersonalData", "dpv:hasProcessing",
    "dpv:hasDataSource", "dpv:hasService", "dpv:hasStorageCondition", "dpv:hasRecipient", "dpv:hasJurisdiction",
    "dpv:hasRight", "dpv:hasConsentControl",
]  # fmt: skip
PARTY = ["@id", "@type", "dpv:hasName", "dpv:hasAddress", "dpv:hasContact", "schema:url"]
EVENT = ["@type", "dct:date", "dpv:hasDuration", "dpv:isIndicatedBy", "dpv:hasIndicationMethod"]


@pytest.fixture
def vi(db):
    return make_member("Vi").subject_id


def receipt_of(record):
    receipt = queries.receipt_of(record, get_policy(), OPERATOR, "https://site.example")
    return json.loads(json.dumps(receipt))


def empty(node, names):
    return [name for name in names if not node.get(name)]


def names_in(node):
    if isinstance(node, dict):
        return {key for key in node if not key.startswith("@")}.union(*map(names_in, node.values()))
    return set().union(*map(names_in, node)) if isinstance(node, list) else set()


@pytest.mark.parametrize("make", [lambda vi: give(vi, "profiles"), object_])
def test_a_receipt_has_every_field(vi, make):
    receipt = receipt_of(make(vi))
    record = receipt["dpv:hasRecord"]
    party, (event,) = record["dpv:hasDataController"], record["dpv:hasConsentStatus"]

    assert empty(receipt, HEADER) + empty(record, RECORD) + empty(record["dpv:hasProcess"], PROCESS) == []
    assert empty(party, PARTY) + empty(event, EVENT) == []
    assert uuid.UUID(record["dpv:hasDataSubject"]["@id"].removeprefix("urn:uuid:"))


def test_a_receipt_reads_without_asking_another_site(vi):
    receipt = receipt_of(give(vi, "topic_webcams", "sms"))
    prefixes = {name.partition(":")[0] for name in names_in({**receipt, "@context": None})}

    assert prefixes <= set(receipt["@context"])
    assert all(isinstance(one, str) for one in receipt["@context"].values())
    assert receipt["dpv:hasRecord"]["dpv:hasProcess"]["dpv:hasService"]["dct:description"] == "sms"


def test_a_receipt_keeps_the_words_that_were_shown(vi, monkeypatch):
    old = get_policy().consents["profiles"]
    record = give(vi, "profiles")
    second = under_policy(monkeypatch, words=NEW_WORDS)

    receipt = queries.receipt_of(record, second, OPERATOR, "https://site.example")

    notice = receipt["dpv:hasRecord"]["dpv:hasProcess"]["dpv:hasNotice"]
    assert notice["dct:description"] == [old.words["en"]]
    assert notice["dct:identifier"] == f"sha256:{record.text_hash}"
