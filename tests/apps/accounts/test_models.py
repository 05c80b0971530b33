"""Members and the operator's first account."""

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import IntegrityError

from tests.apps.accounts.test_sign_in import is_signed_in
from tests.factories.accounts import make_member
from vasistas.apps.accounts.models import Member

pytestmark = pytest.mark.django_db


def test_createsuperuser_makes_an_operator_who_signs_in_at_once(client, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "the operator's sentence")
    call_command("createsuperuser", "--noinput", email="Op@Example.org", display_name="Olga", verbosity=0)

    olga = Member.objects.get()
    assert (olga.is_staff, olga.is_superuser) == (True, True)
    assert EmailAddress.objects.get(user=olga).verified
    client.post("/accounts/login/", {"login": "op@example.org", "password": "the operator's sentence"})
    assert is_signed_in(client)


def test_a_member_never_prints_a_name():
    vi = make_member("Vi")

    assert str(vi) == f"member {vi.pk}"
    assert repr(vi) == f"<Member: member {vi.pk}>"


@pytest.mark.parametrize(("name", "email"), [("V_I", "other@example.org"), ("Other", "VI@example.org")])
def test_the_database_itself_holds_names_and_addresses_apart(name, email):
    make_member("Vi")

    with pytest.raises(IntegrityError):
        Member.objects.create_user(email, name)


def test_natural_key_ignores_case():
    vi = make_member("Vi")

    assert Member.objects.get_by_natural_key("VI@EXAMPLE.org") == vi
