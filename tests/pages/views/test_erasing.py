"""Erase the account or one category: confirmed, once, by its owner; the certificate names nobody."""

import json

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from tests.factories.accounts import PASSWORD, make_member
from tests.factories.chat import make_message
from tests.factories.rooms import make_room
from tests.pages.test_every_page import faults_of
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import Erasure, Subject
from vasistas.apps.rooms import operations as rooms

pytestmark = pytest.mark.django_db


@pytest.fixture
def vi(client):
    member = make_member("Vi")
    client.force_login(member)
    return member


def confirm(client, address):
    client.post(f"/accounts/reauthenticate/?next={address}", {"password": PASSWORD})


def erase(client):
    confirm(client, "/account/erase/")
    return client.post("/account/erase/", {"word": "erase"})


def test_visitors_are_sent_to_sign_in(client):
    assert client.get("/account/erase/")["Location"] == "/accounts/login/?next=/account/erase/"


def test_the_page_says_what_goes_and_what_stays(client, vi):
    page = client.get("/account/erase/")
    assert faults_of(page.text) == []
    assert "What stays, and why" in page.text


def test_without_the_word_nothing_is_erased(client, vi):
    confirm(client, "/account/erase/")
    page = client.post("/account/erase/", {"word": "yes"})
    assert page.status_code == 400
    assert "Nothing was erased" in page.text
    assert Subject.objects.get(pk=vi.subject_id).state == Subject.State.ACTIVE


def test_the_word_without_a_fresh_proof_asks_who_it_is(client, vi):
    answer = client.post("/account/erase/", {"word": "ERASE"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert Member.objects.filter(pk=vi.pk).exists()


def test_an_erasure_waits_for_no_mail_server(client, vi, monkeypatch):
    def unreachable(_backend, _mails):
        raise OSError("no mail server answers")

    monkeypatch.setattr(EmailBackend, "send_messages", unreachable)

    answer = erase(client)

    assert answer["Location"].startswith("/erased/")
    assert operations.rows_of(vi.subject_id) == {}


def test_erasing_signs_out_and_leads_to_a_signed_certificate_that_names_nobody(client, vi):
    make_message(make_room(), vi, "hello")

    address = erase(client)["Location"]

    assert operations.rows_of(vi.subject_id) == {}
    assert Subject.objects.get(pk=vi.subject_id).state == Subject.State.ERASED
    assert client.get("/account/")["Location"].startswith("/accounts/login/")
    page = client.get(address)
    assert faults_of(page.text) == []
    file = client.get(f"{address}certificate.json").content.decode()
    said = json.loads(file)
    assert said["rows_by_table"]["chat.Message"] == 1
    assert said["rows_by_category"]["user.content.chat.public"] == 1
    assert said["keys_destroyed"] >= 1
    assert said["journal"]["line"] >= 2
    assert operations.is_genuine(file)
    assert not operations.is_genuine(file.replace('"chat.Message": 1', '"chat.Message": 2'))
    assert "vi@" not in file
    assert Erasure.objects.get().subject_id is None


def test_the_last_mail_says_so_and_leads_to_the_certificate(client, vi):
    address = erase(client)["Location"]
    (sent,) = mail.outbox
    assert sent.to == ["vi@example.org"]
    assert sent.subject == "Your account is erased"
    assert address in sent.body


def test_a_second_window_is_told_that_it_is_under_way_and_changes_no_link(client, vi):
    token = operations.ask_erasure(subject_id=vi.subject_id, at=timezone.now())
    assert erase(client).status_code == 410
    assert mail.outbox == []
    assert client.get(f"/erased/{token}/").status_code == 200
    assert client.get(f"/erased/{token}/certificate.json").status_code == 404


def test_another_link_leads_nowhere(client):
    assert client.get("/erased/anything/").status_code == 404
    assert client.get("/erased/anything/certificate.json").status_code == 404


def test_what_is_begun_is_finished_without_anybody(client, vi):
    token = operations.ask_erasure(subject_id=vi.subject_id, at=timezone.now())
    assert operations.finish_erasures(at=timezone.now()) == 1
    assert operations.finish_erasures(at=timezone.now()) == 0
    assert "Download the certificate" in client.get(f"/erased/{token}/").text


def test_one_category_goes_and_the_account_stays(client, vi):
    room, max_ = make_room(), make_member("Max")
    make_message(room, vi, "mine")
    make_message(room, max_, "theirs")
    rooms.follow(room=room, member=vi, at=timezone.now())
    address = "/account/erase/user.content.chat.public/"
    assert faults_of(client.get(address).text) == []
    confirm(client, address)

    page = client.post(address)

    assert "1 row is erased" in page.text
    assert [line.text for line in Message.objects.all()] == ["theirs"]
    assert operations.rows_of(vi.subject_id)["rooms.Follow"] == 1


def test_a_category_without_a_fresh_proof_asks_who_it_is(client, vi):
    make_message(make_room(), vi, "mine")
    answer = client.post("/account/erase/user.content.chat.public/")
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert Message.objects.count() == 1


def test_what_the_account_needs_points_to_erasing_it(client, vi):
    confirm(client, "/account/erase/")
    page = client.post("/account/erase/user.contact.email/")
    assert "goes with the account" in page.text
    assert Member.objects.filter(pk=vi.pk).exists()
    with pytest.raises(operations.NeedsTheAccount):
        operations.erase_category(subject_id=vi.subject_id, category="user.contact.email")
