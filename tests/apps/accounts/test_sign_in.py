"""Signing in, out and back in: password, code by mail, forgotten password, other devices, another address."""

import re

import pytest
from allauth.account.models import EmailAddress

from tests.apps.accounts.test_sign_up import CODE, code_in
from tests.factories.accounts import PASSWORD, make_member
from vasistas.apps.privacy.models import Correction

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"
NEW_PASSWORD = "quite another sentence"


@pytest.fixture
def vi():
    return make_member("Vi")


def sign_in(client, password=PASSWORD, **more):
    return client.post(SIGN_IN, {"login": "vi@example.org", "password": password, **more})


def confirm_it_is_me(client):
    """The keys of an account ask for the password once more, for five minutes."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def is_signed_in(client) -> bool:
    return "_auth_user_id" in client.session


def test_password_signs_in_and_leads_on(client, vi):
    answer = sign_in(client, next="/account/")

    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert is_signed_in(client)


def test_next_never_leads_to_another_site(client, vi):
    assert sign_in(client, next="https://evil.example/")["Location"] == "/"


@pytest.mark.parametrize(("remember", "is_bound_to_browser"), [({}, True), ({"remember": "on"}, False)])
def test_staying_signed_in_is_a_choice(client, vi, remember, is_bound_to_browser):
    sign_in(client, **remember)

    assert client.session.get_expire_at_browser_close() is is_bound_to_browser


def test_a_wrong_password_is_refused_with_one_sentence(client, vi):
    page = sign_in(client, "wrong").content.decode()

    assert "Mail address and password do not fit together. Check both." in page
    assert not is_signed_in(client)


def test_a_suspended_account_signs_in_to_its_rights_alone(client, vi):
    vi.is_active = False
    vi.save()

    assert sign_in(client)["Location"] == "/account/requests/"
    assert client.get("/account/requests/").status_code == 200
    assert client.get("/studio/")["Location"] == "/account/requests/"


def test_the_sixth_wrong_password_of_an_address_waits_even_if_right(client, vi):
    for _ in range(5):
        sign_in(client, "wrong")

    page = sign_in(client).content.decode()

    assert "That was tried too often. Wait five minutes, or use a passkey or a code by mail." in page
    assert not is_signed_in(client)


def test_limits_count_the_client_not_what_it_claims(client):
    def attempt(number):
        form = {"login": f"nobody{number}@example.org", "password": "wrong"}
        return client.post(SIGN_IN, form, HTTP_X_FORWARDED_FOR=f"203.0.113.{number}").status_code

    assert [attempt(number) for number in range(31)] == [200] * 30 + [429]


def test_each_address_has_its_own_limit_and_one_network_of_ipv6_is_one_address(client):
    def attempt(number, address):
        form = {"login": f"nobody{number}@example.org", "password": "wrong"}
        return client.post(SIGN_IN, form, REMOTE_ADDR=address).status_code

    assert [attempt(number, f"203.0.113.{number}") for number in range(31)] == [200] * 31
    assert [attempt(number, f"2001:db8::{number}") for number in range(31)] == [200] * 30 + [429]


def test_a_code_by_mail_signs_in(client, vi, mailoutbox):
    answer = client.post("/accounts/login/code/", {"email": "VI@example.org"})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/code/confirm/")

    client.post("/accounts/login/code/confirm/", {"code": code_in(mailoutbox[0])})

    assert is_signed_in(client)


def test_signing_out_needs_a_post(client, vi):
    sign_in(client)
    assert client.get("/accounts/logout/").status_code == 200
    assert is_signed_in(client)

    client.post("/accounts/logout/")

    assert not is_signed_in(client)


def test_a_forgotten_password_is_set_anew_with_the_link_once(client, client_class, vi, mailoutbox):
    client.post("/accounts/password/reset/", {"email": "vi@example.org"})
    link = re.search(r"^http://localhost:\d+(/accounts/password/reset/key/\S+)$", mailoutbox[0].body, re.MULTILINE)[1]

    form_page = client.get(link)["Location"]
    client.post(form_page, {"password1": NEW_PASSWORD})

    assert sign_in(client_class()).status_code == 200
    assert sign_in(client_class(), NEW_PASSWORD).status_code == 302
    assert "This link has expired" in client_class().get(link, follow=True).content.decode()
    assert mailoutbox[1].subject == "Your password was changed"


def test_mail_links_follow_the_setting_not_the_host_header(client, vi, mailoutbox, settings):
    settings.PUBLIC_URL = "https://cams.example"
    settings.ALLOWED_HOSTS = ["evil.example"]

    client.post("/accounts/password/reset/", {"email": "vi@example.org"}, HTTP_HOST="evil.example")

    assert "https://cams.example/accounts/password/reset/key/" in mailoutbox[0].body
    assert "evil.example" not in mailoutbox[0].body


def test_setting_the_password_anew_proves_the_address(client, client_class, mailoutbox):
    make_member("Vi", verified=False, password="a squatter's password")
    client.post("/accounts/password/reset/", {"email": "vi@example.org"})
    link = re.search(r"(/accounts/password/reset/key/\S+)", mailoutbox[0].body)[1]

    client.post(client.get(link)["Location"], {"password1": NEW_PASSWORD})

    owner = client_class()
    assert sign_in(owner, "a squatter's password").status_code == 200
    answer = sign_in(owner, NEW_PASSWORD)
    if answer["Location"] == "/accounts/confirm-email/":  # asked once more, by the address itself
        owner.post("/accounts/confirm-email/", {"code": code_in(mailoutbox[-1])})
    assert is_signed_in(owner)


def test_other_devices_are_listed_and_signed_out(client_class, vi):
    phone, laptop = (
        client_class(HTTP_USER_AGENT="Mozilla/5.0 (iPhone) Safari/605"),
        client_class(HTTP_USER_AGENT="curl/8"),
    )
    sign_in(phone)
    sign_in(laptop)

    page = phone.get("/accounts/sessions/").content.decode()
    assert page.count("<tr>") == 3
    assert re.findall(r'<th scope="row">([^<]+?) ?<', page) == ["Safari, iPhone", "Unknown device"]
    phone.post("/accounts/sessions/")

    assert phone.get("/accounts/sessions/").status_code == 200
    assert laptop.get("/accounts/sessions/")["Location"].startswith(SIGN_IN)


def test_changing_the_password_signs_out_the_others(client_class, vi, mailoutbox):
    here, there = client_class(), client_class()
    sign_in(here)
    sign_in(there)

    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW_PASSWORD})

    assert here.get("/accounts/sessions/").status_code == 200
    assert there.get("/accounts/sessions/").status_code == 302
    assert mailoutbox[-1].subject == "Your password was changed"


def test_a_new_address_takes_the_old_ones_place_once_proven(client, vi, mailoutbox):
    sign_in(client)
    confirm_it_is_me(client)
    answer = client.post("/accounts/email/", {"email": "violet@example.org", "action_add": ""})
    assert answer["Location"] == "/accounts/confirm-email/"
    assert [address.email for address in EmailAddress.objects.filter(user=vi)] == ["vi@example.org"]
    assert mailoutbox[0].to == ["violet@example.org"]

    assert not Correction.objects.exists()  # not proven, not corrected
    client.post("/accounts/confirm-email/", {"code": code_in(mailoutbox[0])})

    vi.refresh_from_db()
    assert vi.email == "violet@example.org"
    assert [(one.before, one.after) for one in Correction.objects.all()] == [("vi@example.org", "violet@example.org")]
    assert [(a.email, a.verified) for a in EmailAddress.objects.filter(user=vi)] == [("violet@example.org", True)]
    assert [(mail.to, mail.subject) for mail in mailoutbox[1:]] == [
        (["vi@example.org"], "Your mail address was changed")
    ]


def test_taking_anothers_address_fails_only_after_its_code(client, vi, mailoutbox):
    make_member("Ada", email="ada@example.org")
    sign_in(client)
    confirm_it_is_me(client)

    answer = client.post("/accounts/email/", {"email": "ada@example.org", "action_add": ""}, follow=True)

    assert answer.redirect_chain == [("/accounts/confirm-email/", 302)]
    page = client.post("/accounts/confirm-email/", {"code": code_in(mailoutbox[0])}).content.decode()
    assert "This address belongs to another account. Use another one." in page
    vi.refresh_from_db()
    assert vi.email == "vi@example.org"


def test_mails_name_the_operator_and_stay_neutral(client, vi, mailoutbox, settings):
    client.post("/accounts/login/code/", {"email": "vi@example.org"})

    mail = mailoutbox[0]
    assert mail.subject == "Your code"
    assert mail.from_email == settings.DEFAULT_FROM_EMAIL
    assert f"{settings.OPERATOR.name}, {settings.OPERATOR.address}" in mail.body
    assert CODE.search(mail.body)


def test_nothing_personal_is_logged(client, vi, caplog, mailoutbox):
    sign_in(client, "wrong")
    sign_in(client)
    client.post("/accounts/logout/")
    client.post("/accounts/password/reset/", {"email": "vi@example.org"})

    assert "vi@example.org" not in caplog.text
    assert not [record for record in caplog.records if "vi@example.org" in str(record.__dict__)]
