"""A sign-in from a browser not seen before is told by mail, without a fingerprint, and can be switched off."""

import re
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import PASSWORD, make_member
from vasistas.apps.accounts import adapter, operations, queries
from vasistas.apps.accounts.models import KnownBrowser
from vasistas.guard import retention
from vasistas.guard.egress.door import TransferRefused
from vasistas.lib.errors import NotFound

pytestmark = pytest.mark.django_db
SUBJECT = "A new sign-in"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def vi():
    """Vi, who signed in once, long ago."""
    member = make_member("Vi")
    member.last_login = timezone.now() - timedelta(days=400)
    member.save(update_fields=["last_login"])
    return member


def sign_in(client, name="vi"):
    answer = client.post("/accounts/login/", {"login": f"{name}@example.org", "password": PASSWORD})
    assert answer.status_code == 302
    return answer


def alerts_in(mailoutbox):
    return [mail for mail in mailoutbox if mail.subject == SUBJECT]


def test_a_new_browser_is_told_once(client, vi, mailoutbox):
    sign_in(client)
    client.post("/accounts/logout/")
    sign_in(client)

    (mail,) = alerts_in(mailoutbox)
    assert mail.to == ["vi@example.org"]
    assert len(KnownBrowser.objects.all()) == 1


def test_the_mail_says_when_and_with_what_and_never_from_where(vi, mailoutbox):
    sign_in(Client(REMOTE_ADDR="203.0.113.77", headers={"user-agent": FIREFOX}))

    (mail,) = alerts_in(mailoutbox)
    assert "with Firefox, Linux" in mail.body
    assert f"{timezone.now():%Y-%m-%d}" in mail.body
    assert "http://localhost:8000/account/security/" in mail.body
    assert "http://localhost:8000/accounts/password/reset/" in mail.body
    assert "203.0.113.77" not in mail.body + mail.subject
    assert "Vi" not in mail.subject


def test_the_first_sign_in_of_an_account_is_no_news(client, mailoutbox):
    make_member("Max")

    sign_in(client, "max")

    assert alerts_in(mailoutbox) == []
    assert KnownBrowser.objects.count() == 1


def test_a_browser_carries_a_random_value_and_the_site_a_hash(client, vi):
    cookie = sign_in(client).cookies[adapter.BROWSER_COOKIE]

    assert re.fullmatch(r"[\w-]{43}", cookie.value)
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/accounts/", True, "Lax")
    assert cookie["max-age"] == 180 * 24 * 3600
    assert cookie.value not in KnownBrowser.objects.get().token_hash


def test_two_members_of_one_browser_cannot_be_linked(client, vi):
    make_member("Max")
    first = sign_in(client).cookies[adapter.BROWSER_COOKIE].value
    client.post("/accounts/logout/")
    second = sign_in(client, "max").cookies[adapter.BROWSER_COOKIE].value

    assert first == second
    assert len(set(KnownBrowser.objects.values_list("token_hash", flat=True))) == 2


@pytest.mark.parametrize("token", ["", "x", "é" * 43, "x" * 5_000])
def test_a_value_that_is_not_ours_is_replaced(client, vi, token):
    client.cookies[adapter.BROWSER_COOKIE] = token

    assert sign_in(client).cookies[adapter.BROWSER_COOKIE].value != token


def test_mails_have_a_limit_and_so_have_rows(vi, mailoutbox):
    for _ in range(adapter.ALERTS_PER_HOUR_MAX + 2):
        sign_in(Client())
    assert len(alerts_in(mailoutbox)) == adapter.ALERTS_PER_HOUR_MAX

    for number in range(operations.BROWSERS_MAX + 3):
        operations.remember_browser(member=vi, token=f"token {number}", at=timezone.now())
    assert KnownBrowser.objects.filter(member=vi).count() == operations.BROWSERS_MAX


def test_an_hour_later_mails_go_again(vi, mailoutbox):
    for _ in range(adapter.ALERTS_PER_HOUR_MAX + 1):
        sign_in(Client())
    KnownBrowser.objects.update(made_at=timezone.now() - timedelta(hours=2))

    sign_in(Client())

    assert len(alerts_in(mailoutbox)) == adapter.ALERTS_PER_HOUR_MAX + 1


def test_who_switched_alerts_off_gets_none(client, vi, mailoutbox):
    operations.set_login_alerts(member=vi, on=False, at=timezone.now())

    sign_in(client)

    assert alerts_in(mailoutbox) == []


@pytest.mark.parametrize("error", [OSError("full"), TransferRefused("expired")])
def test_a_mail_that_cannot_be_sent_keeps_nobody_out(client, vi, monkeypatch, caplog, error):
    def refuse(*_args, **_kwargs):
        raise error

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", refuse)

    sign_in(client)

    assert "_auth_user_id" in client.session
    assert f"accounts.alert_not_sent error={type(error).__name__}" in caplog.messages
    assert "vi@example.org" not in caplog.text


def test_known_browsers_go_by_the_policys_rule(vi):
    now = timezone.now()
    operations.remember_browser(member=vi, token="old", at=now - timedelta(days=181))
    operations.remember_browser(member=vi, token="new", at=now - timedelta(days=179))

    retention.sweep(now)

    assert KnownBrowser.objects.count() == 1


# -- The page ----------------------------------------------------------------------------------------------------------


def test_the_page_ends_one_session_and_no_other(client, vi):
    phone, laptop = Client(), Client()
    for each in (client, phone, laptop):
        sign_in(each)
    ended = UserSession.objects.get(session_key=phone.session.session_key)

    client.post(f"/account/security/sessions/{ended.pk}/end/")

    assert phone.get("/account/security/").status_code == 302
    assert laptop.get("/account/security/").status_code == 200
    assert client.post(f"/account/security/sessions/{ended.pk}/end/").status_code == 404


def test_somebody_elses_session_is_not_there(client, vi):
    make_member("Max")
    stranger = Client()
    sign_in(stranger, "max")
    sign_in(client)
    theirs = UserSession.objects.get(session_key=stranger.session.session_key)

    assert client.post(f"/account/security/sessions/{theirs.pk}/end/").status_code == 404
    assert stranger.get("/account/security/").status_code == 200
    with pytest.raises(NotFound):
        operations.end_session(member=vi, session_id=theirs.pk)


def test_all_others_end_and_this_one_stays(client, vi):
    phone, laptop = Client(), Client()
    for each in (client, phone, laptop):
        sign_in(each)

    client.post("/account/security/sessions/end/")

    assert client.get("/account/security/").status_code == 200
    assert [each.get("/account/security/").status_code for each in (phone, laptop)] == [302, 302]


def test_switching_off_asks_who_it_is_and_tells_by_mail(client, vi, mailoutbox):
    client.force_login(vi)  # long ago: nobody confirmed anything

    asked = client.post("/account/security/alerts/", {"on": "0"})
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert queries.has_login_alerts(vi)

    done = client.post(asked["Location"], {"password": PASSWORD}, follow=True)
    assert "Sign-in alerts are off." in done.content.decode()
    assert not queries.has_login_alerts(vi)
    assert mailoutbox[-1].subject == "Sign-in alerts were switched off"

    client.post("/account/security/alerts/", {"on": "1"})
    assert queries.has_login_alerts(vi)


def test_forgotten_browsers_are_new_again(client, vi, mailoutbox):
    sign_in(client)

    client.post("/account/security/browsers/forget/")
    client.post("/accounts/logout/")
    sign_in(client)

    assert len(alerts_in(mailoutbox)) == 2


def test_what_protects_an_account_is_counted(client, vi):
    sam = make_member("Sam", is_staff=True)

    assert not queries.security_of(vi).has_second_factor
    assert queries.security_of(sam).has_totp
    assert queries.security_of(sam).recovery_codes_left is None


@pytest.mark.parametrize("path", ["alerts/", "sessions/end/", "sessions/1/end/", "browsers/forget/"])
def test_acts_need_a_post_and_a_member(client, vi, path):
    assert client.post(f"/account/security/{path}")["Location"].startswith("/accounts/login/")

    client.force_login(vi)

    assert client.get(f"/account/security/{path}").status_code == 405


def test_a_changed_password_is_always_told(client, vi, mailoutbox):
    operations.set_login_alerts(member=vi, on=False, at=timezone.now())
    sign_in(client)

    new = "quite another sentence"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert [mail.subject for mail in mailoutbox] == ["Your password was changed"]
