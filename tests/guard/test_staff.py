"""The staff's door opens to staff with a second factor, and only onto what staff may see."""

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib import admin
from django.contrib.auth.models import Permission

from tests.factories.accounts import make_member

pytestmark = pytest.mark.django_db


def staff(name="Sam", **over):
    return make_member(name, is_staff=True, is_superuser=True, second_factor=False, **over)


def with_second_factor(member):
    TOTP.activate(member, "JBSWY3DPEHPK3PXP")
    return member


def test_strangers_are_sent_to_the_sites_own_sign_in(client):
    answer = client.get("/admin/accounts/member/", follow=True)

    assert answer.redirect_chain[-1] == ("/accounts/login/?next=/admin/accounts/member/", 302)


def test_djangos_own_sign_in_form_is_gone(client):
    staff()

    answer = client.post("/admin/login/", {"username": "sam@example.org", "password": "a window in the door"})

    assert answer.status_code == 302
    assert "_auth_user_id" not in client.session


def test_staff_without_a_second_factor_are_sent_to_set_one_up(client):
    client.force_login(staff())

    answer = client.get("/admin/", follow=True)

    assert answer.redirect_chain[-1] == ("/accounts/2fa/", 302)
    assert "The staff desk needs a second factor." in answer.content.decode()


def test_staff_with_a_second_factor_enter(client):
    client.force_login(with_second_factor(staff()))

    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/login/")["Location"] == "/admin/"
    assert client.get("/admin/password_change/")["Location"] == "/accounts/password/change/"


def test_members_are_refused(client):
    client.force_login(with_second_factor(make_member("Max")))

    assert client.get("/admin/", follow=True).status_code == 403


def test_recovery_codes_alone_are_no_second_factor(client):
    sam = with_second_factor(staff())
    sam.authenticator_set.all().delete()
    RecoveryCodes.activate(sam)
    client.force_login(sam)

    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/accounts/2fa/"


def test_rows_that_are_keys_are_not_shown():
    shown = {model._meta.label for model in admin.site._registry}

    assert shown & {"mfa.Authenticator", "usersessions.UserSession", "account.EmailAddress"} == set()
    assert {"accounts.Member", "privacy.Subject"} <= shown


def test_a_members_page_shows_no_hash_and_lets_change_little(client):
    vi = make_member("Vi")
    client.force_login(with_second_factor(staff()))

    page = client.get(f"/admin/accounts/member/{vi.pk}/change/").content.decode()

    assert "argon2" not in page
    assert 'name="password"' not in page
    assert 'name="email"' not in page
    assert (
        client.post(f"/admin/accounts/member/{vi.pk}/change/", {"is_active": "", "email": "x@example.org"}).status_code
        == 302
    )
    vi.refresh_from_db()
    assert (vi.is_active, vi.email) == (False, "vi@example.org")
    assert client.get("/admin/accounts/member/add/").status_code == 403
    assert client.get(f"/admin/accounts/member/{vi.pk}/delete/").status_code == 403
    assert client.get("/admin/privacy/subject/").status_code == 200
    assert client.get(f"/admin/accounts/member/{vi.pk}/password/").status_code == 302


def test_nobody_changes_their_own_role(client):
    sam = with_second_factor(staff())
    client.force_login(sam)

    client.post(f"/admin/accounts/member/{sam.pk}/change/", {"is_active": "", "is_staff": ""})

    sam.refresh_from_db()
    assert (sam.is_active, sam.is_staff) == (True, True)


def test_staff_who_may_change_members_give_no_roles(client):
    sam = with_second_factor(make_member("Sam", is_staff=True, second_factor=False))
    sam.user_permissions.add(*Permission.objects.filter(content_type__app_label="accounts"))
    vi = make_member("Vi")
    client.force_login(sam)

    client.post(f"/admin/accounts/member/{vi.pk}/change/", {"is_active": "on", "is_staff": "on", "is_superuser": "on"})

    vi.refresh_from_db()
    assert (vi.is_active, vi.is_staff, vi.is_superuser) == (True, False, False)


@pytest.mark.parametrize(
    "question", ["password__startswith=a", "email__startswith=v", "email_sealed__gt=a", "subject__key_handle=1"]
)
def test_an_address_asks_for_nothing_the_page_does_not_offer(client, question):
    client.force_login(with_second_factor(staff()))

    assert client.get(f"/admin/accounts/member/?{question}").status_code == 400


def test_the_filters_a_page_offers_work(client):
    make_member("Vi")
    client.force_login(with_second_factor(staff()))

    page = client.get("/admin/accounts/member/?is_staff__exact=1").content.decode()

    assert '<td class="field-display_name">Sam</td>' in page
    assert '<td class="field-display_name">Vi</td>' not in page


def test_every_list_of_the_administration_answers(client):
    client.force_login(with_second_factor(staff()))
    lists = [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry]

    assert len(lists) > 5
    assert {address: client.get(address).status_code for address in lists} == dict.fromkeys(lists, 200)
