"""The staff's side: open to staff with a second factor, no page at all to members."""

import csv
import io
import json
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.pages.test_every_page import Tree, faults_of
from vasistas.guard.conformance.models import Evidence
from vasistas.guard.policy import get_policy

pytestmark = pytest.mark.django_db

PAGES = ["/staff/", "/staff/proof/", "/staff/data-map/", "/staff/register/"]
FILES = ["/staff/register.csv", "/staff/register.jsonld", "/staff/register.html"]


@pytest.fixture
def sam(client):
    member = make_member("Sam", password=None, is_staff=True)
    client.force_login(member)
    return member


@pytest.mark.parametrize("address", [*PAGES, *FILES])
def test_visitors_are_sent_to_sign_in(client, address):
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("address", [*PAGES, *FILES])
def test_to_members_there_is_no_such_page(client, address):
    member = make_member("Vi", password=None)
    TOTP.activate(member, "JBSWY3DPEHPK3PXP")
    client.force_login(member)

    answer = client.get(address)

    assert answer.status_code == 404
    assert "Staff" not in answer.content.decode()


@pytest.mark.parametrize("address", [*PAGES, *FILES])
def test_staff_without_a_second_factor_set_one_up_first(client, address):
    client.force_login(make_member("Sam", password=None, is_staff=True, second_factor=False))

    answer = client.get(address, follow=True)

    assert answer.redirect_chain[-1] == ("/accounts/2fa/", 302)
    assert "The staff desk needs a second factor." in answer.content.decode()


@pytest.mark.parametrize("address", [*PAGES, "/staff/proof/?state=HOLDS", "/staff/data-map/?zoom=huge"])
def test_staff_see_whole_pages(client, sam, address):
    answer = client.get(address)

    assert answer.status_code == 200
    assert faults_of(answer.content.decode()) == []


def test_staff_who_left_are_members_no_more(client, sam):
    sam.is_active = False
    sam.save()

    assert client.get("/staff/")["Location"] == "/account/requests/"  # what is theirs by right, and no more


def test_menu_leads_staff_there_and_nobody_else(client, sam):
    assert 'href="/staff/"' in client.get("/").content.decode()

    client.force_login(make_member("Vi", password=None))
    assert 'href="/staff/"' not in client.get("/").content.decode()


def test_proof_shows_details_and_filters_by_state(client, sam):
    key = next(rule.checks[0] for clause in get_policy().clauses.values() for rule in clause.rules if rule.checks)
    Evidence.objects.create(
        key=key,
        sort="check",
        result="VIOLATED",
        at=timezone.now() - timedelta(minutes=3),
        took_ms=12,
        counted=5,
        violations=2,
        detail="rooms.Follow",
    )  # fmt: skip — one row

    violated = client.get("/staff/proof/?state=VIOLATED").content.decode()
    holding = client.get("/staff/proof/?state=HOLDS").content.decode()
    odd = client.get("/staff/proof/?state=odd").content.decode()

    assert rows_of(violated) == [key]
    assert "rooms.Follow" in violated
    assert "2 violations" in violated
    assert "12 ms" in violated
    assert rows_of(holding) == []
    assert len(rows_of(odd)) > 1


def rows_of(markup: str) -> list[str]:
    rows = [node for node in Tree(markup).root.all("th") if node.attributes.get("scope") == "row"]
    return [next(node.all("code")).words() for node in rows]


def test_every_box_of_the_data_map_leads_to_its_row(client, sam):
    root = Tree(client.get("/staff/data-map/").content.decode()).root

    picture = next(root.all("svg"), None)
    pictures = [node for node in root.all("svg") if node.attributes.get("class") == "data-map"]
    assert picture is not None
    assert len(pictures) == 1
    leads = {node.attributes["href"] for node in pictures[0].all("a")}
    identifiers = {f"#{node.attributes['id']}" for node in root.all() if "id" in node.attributes}
    assert leads
    assert leads <= identifiers


def test_register_can_be_handed_over(client, sam):
    table = client.get("/staff/register.csv")
    graph = client.get("/staff/register.jsonld")
    document = client.get("/staff/register.html")

    assert len(list(csv.reader(io.StringIO(table.content.decode())))) == len(get_policy().activities) + 1
    assert table["Content-Disposition"].startswith('attachment; filename="register-v')
    assert "@context" in json.loads(graph.content)
    assert graph["Content-Type"] == "application/ld+json"
    assert document["Content-Disposition"].startswith("attachment")
    assert client.get("/staff/register.exe").status_code == 404


def test_register_page_names_every_activity(client, sam):
    shown = client.get("/staff/register/").content.decode()

    for key in get_policy().activities:
        assert f'id="activity-{key}"' in shown


@pytest.mark.parametrize("address", PAGES)
def test_nothing_is_posted_to_the_staff_pages(client, sam, address):
    assert client.post(address).status_code == 405
