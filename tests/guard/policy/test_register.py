"""The register says all that Art. 30 asks, in three forms that others can read."""

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.guard.policy.files import change, compiled
from vasistas.guard import declarations
from vasistas.guard.declarations import Declaration, derived, not_personal, personal, sealed
from vasistas.guard.policy import dpv, register
from vasistas.guard.policy.register import Register
from vasistas.lib.operator import Operator

OPERATOR = Operator("Cams <S.à r.l.>", 'Rue "A" & B', "privacy@example.org", "+352 20 00 00 00")
DECLARED = {
    "accounts.Member": Declaration(
        {
            "subject": derived("the path"),
            "email": sealed("user.contact.email", keep="account_life", key_class="identity"),
            "is_staff": not_personal("a role"),
        },
        "subject",
    ),
    "chat.Message": Declaration(
        {
            "text": sealed("user.content.chat.public", keep="room_chat", key_class="communications"),
            "room": personal("user.content.chat.public", keep="account_life"),
        },
        "author__subject",
    ),
}


@pytest.fixture
def written(folder: Path) -> Register:
    return register.of(compiled(folder), DECLARED, OPERATOR, "en")


def expanded(term: Any, context: dict[str, str]) -> str:
    prefix, _, name = str(term).partition(":")
    return context[prefix] + name


def test_a_row_holds_all_that_article_30_asks(written: Register):
    row = written.rows[1]

    assert (row.activity.key, row.article, row.purpose.key) == ("chatting", "GDPR Art. 6(1)(b)", "chat")
    assert row.owner is not None
    assert row.owner.title["en"] == "Support"
    assert [one.key for one in row.subjects] == ["member"]
    assert [(held.category.key, held.fields, [rule.key for rule in held.retention]) for held in row.held] == [
        ("user.content.chat.public", ("chat.Message.room", "chat.Message.text"), ["account_life", "room_chat"])
    ]
    assert [one.key for one in row.recipients] == ["hosting", "overseas"]
    assert [one.key for one in row.transfers] == ["overseas"]
    assert [one.key for one in row.retention] == ["room_chat"]


def test_csv_has_a_complete_line_for_each_activity(written: Register):
    head, *lines = csv.reader(io.StringIO(register.as_csv(written)))

    assert head == [
        *("Controller", "Activity", "Purpose", "Legal basis", "Persons concerned", "Data", "Recipients"),
        *("Transfers outside the EEA", "Kept for", "Responsible", "Security"),
    ]
    assert lines[1] == [
        'Cams <S.à r.l.>, Rue "A" & B, privacy@example.org, +352 20 00 00 00',
        "Chat",
        "Chat",
        "GDPR Art. 6(1)(b). Who writes wants it read.",
        "Members",
        "Chat",
        "Hosting; Mail house",
        "Mail house (US, Standard contractual clauses (EU) 2021/914, 2027-06-30)",
        "a month",
        "Support",
        "Sealed",
    ]
    assert lines[0][7] == "none"


class Page(HTMLParser):
    """Collects tags and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, _attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_escapes_what_the_operator_wrote(folder: Path):
    change(folder, 'en = "Hosting"', 'en = "<script>alert(1)</script>"')
    written = register.of(compiled(folder), DECLARED, OPERATOR, "en")

    document = register.as_html(written)
    page = Page()
    page.feed(document)

    assert "<script" not in document
    assert "script" not in page.tags
    assert "<script>alert(1)</script>; Mail house" in page.text
    assert 'Cams <S.à r.l.>, Rue "A" & B' in page.text
    assert page.tags.count("table") == 2
    assert "accounts.Member.email" in page.text


def test_json_ld_is_valid_and_speaks_dpv(written: Register):
    document = json.loads(register.as_jsonld(written))
    context, nodes = document["@context"], {node["@id"]: node for node in document["@graph"]}
    activity = nodes["#activity-chatting"]

    assert context == dpv.CONTEXT
    assert nodes["#register"]["@type"] == "dpv:RecordsOfActivities"
    assert [one["@id"] for one in nodes["#register"]["dpv:hasProcess"]] == ["#activity-accounts", "#activity-chatting"]
    assert nodes["#controller"]["dpv:hasName"] == "Cams <S.à r.l.>"
    assert expanded(activity["dpv:hasLegalBasis"]["@id"], context) == "https://w3id.org/dpv/legal/eu/gdpr#A6-1-b"
    assert activity["dpv:hasPurpose"]["@type"] == "dpv:CommunicationManagement"
    assert nodes["#category-user.content.chat.public"]["@type"] == [
        "pd:Communication",
        "dpv:SpecialCategoryPersonalData",
    ]
    assert nodes["#recipient-overseas"]["dct:valid"] == {"@type": "xsd:date", "@value": "2027-06-30"}
    assert nodes["#retention-room_chat"]["dpv:hasDuration"] == {"@type": "xsd:duration", "@value": "P30D"}


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for one in node for found in references(one)]
    if not isinstance(node, dict):
        return []
    inner = [found for key, one in node.items() if key != "@id" for found in references(one)]
    return [node["@id"], *inner] if set(node) == {"@id"} else inner


def terms(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for one in node for found in terms(one)]
    if not isinstance(node, dict):
        return []
    kinds = node.get("@type", [])
    own = [key for key in node if not key.startswith("@")] + ([kinds] if isinstance(kinds, str) else kinds)
    return own + [found for one in node.values() for found in terms(one)]


def test_every_term_has_a_vocabulary_and_every_reference_a_node():
    policy = compiled(settings.POLICY)
    written = register.of(policy, declarations.declarations(), settings.OPERATOR, "fr")
    document = json.loads(register.as_jsonld(written))
    known = {node["@id"] for node in document["@graph"]}

    for term in terms(document["@graph"]):
        assert expanded(term, document["@context"]).startswith(("https://w3id.org/", "http://"))
    for reference in references(document["@graph"]):
        assert reference in known or expanded(reference, document["@context"]).startswith("https://w3id.org/dpv/")
    assert len(written.rows) == len(policy.activities)


def test_the_shipped_activities_name_every_retention_rule_of_what_they_touch():
    policy = compiled(settings.POLICY)

    for row in register.of(policy, declarations.declarations(), settings.OPERATOR, "en").rows:
        kept = {rule.key for held in row.held for rule in held.retention}
        assert kept <= set(row.activity.retention), f"[activities.{row.activity.key}] retention"


def test_every_shipped_category_is_stored_somewhere():
    policy = compiled(settings.POLICY)
    stored = {held.category for one in declarations.declarations().values() for held in one.personal.values()}

    assert set(policy.categories) == stored
