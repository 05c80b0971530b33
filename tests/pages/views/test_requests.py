"""Requests on the member's page and at the staff's desk; what a restricted and a suspended member can and cannot."""

import re
import uuid
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import PASSWORD, TOTP_SECRET, make_member
from tests.factories.chat import make_cast, make_message
from tests.pages.test_every_page import faults_of
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import REQUEST_CHARS_MAX, RightsRequest
from vasistas.apps.privacy.operations import Asked
from vasistas.guard.policy import get_policy
from vasistas.guard.reads import queries as reads

pytestmark = pytest.mark.django_db


@pytest.fixture
def vi(client):
    member = make_member("Vi", password=None)
    client.force_login(member)
    return member


@pytest.fixture
def desk():
    window = Client()
    window.member = make_member("Sam", password=None, is_staff=True, is_superuser=True)
    window.force_login(window.member)
    return window


def ask(member, **over):
    asked = Asked(**{"kind": "review", "via": "account", "text": "Why was I banned?", **over})
    return operations.open_request(subject_id=member.subject_id, asked=asked, at=timezone.now())


def key_in(page):
    return re.search(r'name="key" value="([0-9a-f-]{36})"', page.content.decode())[1]


# -- The member's page -------------------------------------------------------------------------------------------------


def test_visitors_are_sent_to_sign_in(client):
    assert client.get("/account/requests/").status_code == 302
    assert client.post("/account/requests/restrict/", {"on": "1"}).status_code == 302


def test_member_asks_and_follows_it(client, vi):
    page = client.get("/account/requests/")
    answer = client.post("/account/requests/", {"kind": "review", "text": "Why?", "key": key_in(page)}, follow=True)

    made = RightsRequest.objects.get()
    assert answer.redirect_chain == [(f"/account/requests/{made.pk}/", 302)]
    assert "Why?" in answer.text
    assert faults_of(page.text) == faults_of(answer.text) == []


def test_form_sent_twice_is_one_request(client, vi):
    given = {"kind": "other", "text": "Twice.", "key": str(uuid.uuid4())}

    first, second = client.post("/account/requests/", given), client.post("/account/requests/", given)

    assert first["Location"] == second["Location"]
    assert RightsRequest.objects.count() == 1


def test_text_that_is_too_long_stays_in_the_form(client, vi):
    text = "word " * (REQUEST_CHARS_MAX // 5) + "end of it"

    page = client.post("/account/requests/", {"kind": "other", "text": text, "key": str(uuid.uuid4())})

    assert page.status_code == 422
    assert "end of it" in page.text
    assert not RightsRequest.objects.exists()


@pytest.mark.parametrize("given", [{}, {"kind": "nonsense", "text": "a", "key": "b"}, {"kind": "other", "text": "\0"}])
def test_nonsense_is_refused(client, vi, given):
    assert client.post("/account/requests/", given).status_code == 422
    assert client.post("/account/requests/object/", given).status_code == 422
    assert client.post("/account/requests/restrict/", given).status_code == 422
    assert not RightsRequest.objects.exists()


def test_request_of_another_is_not_there(client, vi):
    made = ask(make_member("Max", password=None))

    assert client.get(f"/account/requests/{made.pk}/").status_code == 404
    assert client.post(f"/account/requests/{made.pk}/withdraw/").status_code == 404
    assert RightsRequest.objects.get().is_open


def test_member_withdraws(client, vi):
    made = ask(vi)

    client.post(f"/account/requests/{made.pk}/withdraw/")

    assert RightsRequest.objects.get().state == "withdrawn"


@pytest.mark.parametrize("address", ["restrict/", "object/", "1/withdraw/"])
def test_switches_do_nothing_when_looked_at(client, vi, address):
    assert client.get(f"/account/requests/{address}").status_code == 405


def test_restricted_member_is_not_there_for_others_and_is_for_themselves(client):
    cast, desk = make_cast(), Client()
    make_message(cast.room, cast.vi, "a line of Vi")
    desk.force_login(make_member("Root", password=None, is_staff=True, is_superuser=True))
    client.force_login(cast.vi)
    line = f"/rooms/{cast.room.slug}/"
    assert "a line of Vi" in desk.get(line).text

    client.post("/account/requests/restrict/", {"on": "1", "key": str(uuid.uuid4())})

    assert "a line of Vi" not in desk.get(line).text
    assert desk.get(f"/admin/accounts/member/{cast.vi.pk}/change/").status_code == 302  # as if there were none
    assert "a line of Vi" in client.get(line).text
    assert "a line of Vi" in client.get("/account/data/user.content.chat.public/").text
    assert client.get("/account/export/").status_code == 200
    client.post("/account/requests/restrict/", {"on": "0", "key": str(uuid.uuid4())})
    assert "a line of Vi" in desk.get(line).text
    assert desk.get(f"/admin/accounts/member/{cast.vi.pk}/change/").status_code == 200


def test_objection_to_staff_closes_the_window_and_is_answered(client, vi, desk):
    window = f"/admin/accounts/member/{vi.pk}/change/"
    assert desk.get(window).status_code == 200

    client.post("/account/requests/object/", {"purpose": "staff", "text": "", "key": str(uuid.uuid4())})

    assert desk.get(window).status_code == 302
    made = RightsRequest.objects.get()
    assert (made.kind, made.is_open) == ("objection", True)
    desk.post(f"/staff/requests/{made.pk}/", {"act": "refuse", "ground": "An account under dispute."})
    assert desk.get(window).status_code == 200


# -- The staff's desk --------------------------------------------------------------------------------------------------

PAGES = ["/staff/requests/", "/staff/requests/new/", "/staff/requests/1/"]


@pytest.mark.parametrize("address", PAGES)
def test_desk_is_no_page_to_members_and_asks_staff_for_a_second_factor(client, address):
    assert client.get(address)["Location"].startswith("/accounts/login/")
    client.force_login(make_member("Max", password=None))
    assert client.get(address).status_code == 404
    client.force_login(make_member("Lea", password=None, is_staff=True, second_factor=False))
    assert client.get(address)["Location"] == "/accounts/2fa/"


def test_staff_answers_and_the_member_sees_who_read_it(client, vi, desk, django_capture_on_commit_callbacks):
    made = ask(vi)
    assert "Why was I banned?" not in desk.get("/staff/requests/").text

    page = desk.get(f"/staff/requests/{made.pk}/")
    assert "Why was I banned?" in page.text
    assert faults_of(page.text) == []
    desk.post(f"/staff/requests/{made.pk}/", {"act": "take"})
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(f"/staff/requests/{made.pk}/", {"act": "answer", "text": "It was a mistake."})

    assert "It was a mistake." in client.get(f"/account/requests/{made.pk}/").text
    assert "It was a mistake." in mail.outbox[-1].body
    assert f"request {made.pk}" in client.get("/account/reads/").text
    told = [one for one in reads.reads_of(vi.subject_id) if one.reason == f"request {made.pk}"]
    assert any("privacy.RightsRequest.text" in one.fields for one in told)


def test_refusal_names_the_authority_of_the_policy(client, vi, desk):
    made = ask(vi)

    desk.post(f"/staff/requests/{made.pk}/", {"act": "refuse", "ground": "Said already."})

    page = client.get(f"/account/requests/{made.pk}/").text
    assert "Said already." in page
    assert get_policy().authority.name in page


@pytest.mark.parametrize(
    "given",
    [
        {"act": "answer", "text": ""},
        {"act": "refuse", "ground": " "},
        {"act": "extend", "months": "2", "reason": ""},
        {"act": "extend", "months": "3", "reason": "Much."},
    ],
)
def test_desk_asks_again_for_what_is_missing(vi, desk, given):
    made = ask(vi)

    assert desk.post(f"/staff/requests/{made.pk}/", given).status_code == 422
    assert RightsRequest.objects.get().state == "received"


def test_desk_knows_no_other_acts_and_no_other_requests(vi, desk):
    made = ask(vi)

    assert desk.post(f"/staff/requests/{made.pk}/", {"act": "shred"}).status_code == 404
    assert desk.get(f"/staff/requests/{made.pk + 1}/").status_code == 404


def test_answering_twice_keeps_the_text_and_says_so(vi, desk):
    made = ask(vi)
    desk.post(f"/staff/requests/{made.pk}/", {"act": "answer", "text": "First."})

    page = desk.post(f"/staff/requests/{made.pk}/", {"act": "answer", "text": "Second."})

    assert page.status_code == 422
    assert RightsRequest.objects.get().answer == "First."


def test_letter_is_entered_with_the_day_it_came(desk):
    came = timezone.localdate() - timedelta(days=20)
    given = {"kind": "access", "via": "post", "received": came.isoformat(), "address": "", "text": "By letter."}

    answer = desk.post("/staff/requests/new/", {**given, "key": str(uuid.uuid4())})

    made = RightsRequest.objects.get()
    assert answer["Location"] == f"/staff/requests/{made.pk}/"
    assert (made.state, made.subject.kind) == ("verifying", "correspondent")
    assert timezone.localdate(made.received_at) == came
    assert made.due_date <= came + timedelta(days=33)


def test_mail_of_a_member_is_entered_at_their_account(vi, desk):
    given = {"kind": "access", "via": "mail", "received": timezone.localdate().isoformat(), "text": "By mail."}

    desk.post("/staff/requests/new/", {**given, "address": "VI@example.org", "key": str(uuid.uuid4())})

    assert RightsRequest.objects.get().subject_id == vi.subject_id


@pytest.mark.parametrize("days", [-1, 400])
def test_day_a_letter_cannot_have_come_on_is_refused(desk, days):
    came = timezone.localdate() - timedelta(days=days)
    given = {"kind": "access", "via": "post", "received": came.isoformat(), "text": "By letter."}

    assert desk.post("/staff/requests/new/", {**given, "key": str(uuid.uuid4())}).status_code == 422


def test_overdue_request_stands_red_on_the_overview(vi, desk):
    ask(vi)
    assert "overdue" not in desk.get("/staff/").text

    RightsRequest.objects.update(due_date=timezone.localdate() - timedelta(days=1))

    assert "1 request is overdue." in desk.get("/staff/").text
    assert "overdue" in desk.get("/staff/requests/").text


# -- Suspended ---------------------------------------------------------------------------------------------------------


def sign_in(client, name="vi"):
    return client.post("/accounts/login/", {"login": f"{name}@example.org", "password": PASSWORD})


def test_suspended_member_signs_in_and_keeps_their_rights_alone(client):
    make_member("Vi", is_active=False)

    sign_in(client)

    for kept in ("/account/", "/account/requests/", "/account/data/", "/account/reads/", "/account/export/"):
        assert client.get(kept).status_code == 200, kept
    client.post("/account/requests/", {"kind": "review", "text": "Why?", "key": str(uuid.uuid4())})
    assert RightsRequest.objects.get().text == "Why?"
    assert client.get("/studio/")["Location"] == "/account/requests/"
    assert client.get("/accounts/password/change/")["Location"] == "/account/requests/"
    assert not client.get("/rooms/").context["user"].is_authenticated


def test_suspended_member_takes_their_data_along(client):
    make_member("Vi", is_active=False)
    sign_in(client)

    client.post("/accounts/reauthenticate/?next=/account/export/", {"password": PASSWORD})
    link = client.post("/account/export/").context["link"]

    assert b"".join(client.get(link).streaming_content).startswith(b"PK")


def test_suspended_member_still_needs_their_second_factor(client):
    make_member("Vi", is_active=False, second_factor=True)

    assert sign_in(client)["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/account/requests/").status_code == 302
    code = format_hotp_value(hotp_value(TOTP_SECRET, int(timezone.now().timestamp()) // 30))
    client.post("/accounts/2fa/authenticate/", {"code": code})

    assert client.get("/account/requests/").status_code == 200


def test_suspension_holds_in_a_session_that_is_open(client, vi):
    type(vi).objects.filter(pk=vi.pk).update(is_active=False)

    assert client.get("/account/requests/").status_code == 200
    assert client.get("/studio/").status_code == 302


def test_suspended_staff_is_no_staff(client):
    client.force_login(make_member("Sam", password=None, is_staff=True, is_active=False))

    assert client.get("/staff/requests/").status_code in {302, 404}
    assert client.get("/admin/").status_code in {302, 403}
