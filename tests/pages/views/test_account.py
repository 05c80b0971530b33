"""My Account: what is held, who read it, and the archive; for its owner alone."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories.accounts import PASSWORD, make_member
from tests.factories.chat import make_message
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from tests.pages.test_every_page import faults_of
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import EXPORT_STARTS_MAX, ExportLink
from vasistas.guard import purposes
from vasistas.guard.reads import operations as sealer
from vasistas.guard.reads.models import Entry
from vasistas.guard.rights import archive
from vasistas.proof import filled
from vasistas.proof.checks import rights

pytestmark = pytest.mark.django_db
PAGES = ["/account/data/", "/account/data/user.contact.email/", "/account/reads/", "/account/export/"]


@pytest.fixture
def vi(client):
    member = make_member("Vi")
    client.force_login(member)
    return member


def read_by_staff(member, reason=""):
    with purposes.scope(lambda: purposes.Actor("staff", None)), purposes.processing("staff", reason):
        type(member).objects.only("display_name", "date_joined", "subject").get(pk=member.pk)
    return Entry.objects.latest("pk")


def confirm(client):
    answer = client.post("/accounts/reauthenticate/?next=/account/export/", {"password": PASSWORD})
    assert answer.status_code == 302
    return answer


def make_link(client):
    confirm(client)
    return client.post("/account/export/").context["link"]


@pytest.mark.parametrize("address", [*PAGES, "/account/reads/1/proof.json", "/account/export/anything/"])
def test_visitors_are_sent_to_sign_in(client, address):
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"


@pytest.mark.parametrize("address", PAGES)
def test_members_see_whole_pages(client, vi, address):
    answer = client.get(address)

    assert answer.status_code == 200
    assert faults_of(answer.content.decode()) == []
    assert 'aria-current="page"' in answer.content.decode()


def test_ones_own_words_are_shown_newest_first_in_pages(client, vi):
    room = make_room(make_host(make_member("Ada")), slug="reef")
    for number in range(27):
        make_message(room, vi, f"line {number:02}")
    make_message(room, make_member("Max"), "words of Max")

    newest = client.get("/account/data/user.content.chat.public/").content.decode()
    oldest = client.get("/account/data/user.content.chat.public/?chat-message=2").content.decode()

    assert newest.index("line 26") < newest.index("line 02")
    assert ("line 01" in newest, "line 01" in oldest, "line 02" in oldest) == (False, True, False)
    assert "words of Max" not in newest + oldest
    assert "reef" in newest
    assert "Deleted by" in newest


def test_means_of_signing_in_are_not_shown_on_a_page(client, vi):
    page = client.get("/account/data/user.authorization.credentials/").content.decode()

    assert "argon2" not in page
    assert "It is in the archive." in page


def test_what_nobody_declares_is_no_page(client, vi):
    assert client.get("/account/data/no.such.category/").status_code == 404


def test_looking_at_ones_own_data_leaves_no_entry(client, vi):
    make_message(make_room(make_host(make_member("Ada"))), vi, "mine")
    before = Entry.objects.count()

    for address in PAGES:
        client.get(address)
    link = make_link(client)
    b"".join(client.get(link).streaming_content)

    assert Entry.objects.count() == before


def test_a_page_of_rows_asks_the_database_as_often_for_three_as_for_one(client, vi):
    room = make_room(make_host(make_member("Ada")))

    def queries():
        with CaptureQueriesContext(connection) as asked:
            client.get("/account/data/user.content.chat.public/")
        return len(asked)

    make_message(room, vi, "one")
    queries()
    one = queries()
    make_message(room, vi, "two")
    make_message(room, vi, "three")

    assert queries() == one


def test_reads_by_staff_are_listed_with_their_reason(client, vi):
    read_by_staff(vi, "case 12")
    read_by_staff(make_member("Max"), "case 13")

    page = client.get("/account/reads/").content.decode()

    assert ("case 12" in page, "case 13" in page) == (True, False)
    assert "Staff of this site" in page
    assert "Times of your account, Name shown" in page


def test_the_proof_of_an_entry_holds_and_is_its_own_members_alone(client, vi):
    mine, other = read_by_staff(vi), read_by_staff(make_member("Max"))
    waiting = client.get(f"/account/reads/{mine.pk}/proof.json", headers={"accept": "application/json"})
    sealer.seal_pending(at=timezone.now())

    proof = json.loads(client.get(f"/account/reads/{mine.pk}/proof.json").content)

    assert (waiting.status_code, waiting.json()["code"]) == (400, "reads.not_sealed")
    assert (proof["entry"], proof["holds"]) == (mine.pk, True)
    assert client.get(f"/account/reads/{other.pk}/proof.json").status_code == 404
    assert client.get("/account/reads/999999/proof.json").status_code == 404


def test_making_a_link_asks_again_who_it_is(client, vi):
    asked = client.post("/account/export/")
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert not ExportLink.objects.exists()

    answer = client.post(asked["Location"], {"password": PASSWORD})

    assert answer.status_code == 200
    assert ExportLink.objects.get().subject_id == vi.subject_id


def test_a_link_gives_the_archive_once(client, vi):
    link = make_link(client)

    answer = client.get(link)
    files = rights.taken(answer.streaming_content)
    again = client.get(link)

    assert answer["Content-Type"] == "application/zip"
    assert files["bagit.txt"].startswith(b"BagIt-Version: 1.0\n")
    assert rights.broken(files) == []
    assert again.status_code == 410
    assert "This link has been used." in again.content.decode()


def test_a_link_is_its_makers_alone(client, vi):
    link = make_link(client)
    client.force_login(make_member("Max"))

    assert client.get(link).status_code == 404
    assert client.get("/account/export/made-up/").status_code == 404


def test_an_old_link_has_expired(client, vi):
    link = make_link(client)
    ExportLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    answer = client.get(link)

    assert answer.status_code == 410
    assert "This link has expired." in answer.content.decode()


def test_a_new_link_ends_the_one_before(client, vi):
    first, second = make_link(client), make_link(client)

    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200


@pytest.mark.django_db(transaction=True)  # a server that breaks off closes its connection
def test_a_download_that_died_half_way_can_be_begun_anew_a_few_times(client, vi):
    link = make_link(client)
    for _ in range(EXPORT_STARTS_MAX - 1):
        broken_off = client.get(link)
        assert next(iter(broken_off.streaming_content)).startswith(b"PK")
        broken_off.close()

    whole = rights.taken(client.get(link).streaming_content)

    assert rights.broken(whole) == []
    assert client.get(link).status_code == 410


def test_the_archive_has_every_declared_value_and_counts_as_the_database(vi):
    told = filled.fill(vi, timezone.now())

    files = rights.taken(archive.stream(vi.subject_id, at=timezone.now(), language="en"))

    assert filled.unfilled(told) == []
    assert rights.broken(files) == []
    assert rights.missing(files, told) == []
    assert rights.miscounted(files, operations.rows_of(vi.subject_id)) == []
