"""Every way an address takes through the site leaves no clear trace in the databases."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry

from tests.apps.accounts.test_sign_in import PASSWORD, confirm_it_is_me, is_signed_in
from tests.apps.accounts.test_sign_up import CONFIRM, SIGN_UP, code_in, joining
from tests.factories.accounts import make_member
from tests.factories.dumps import everything_stored
from vasistas.apps.accounts.models import Member

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def assert_nothing_stored_names(*words: bytes) -> None:
    for alias in ("default", "keys"):
        stored = everything_stored(alias).lower()
        assert [word for word in words if word in stored] == []


def test_joining_and_changing_the_address_twice_leaves_none_of_them(client, mailoutbox):
    client.post(SIGN_UP, joining("planted.one@weir.example"))
    assert_nothing_stored_names(b"planted", b"weir.example")  # half-way: the session knows whom it waits for
    client.post(CONFIRM, {"code": code_in(mailoutbox[-1])})
    confirm_it_is_me(client)
    for address in ("planted.two@weir.example", "Planted.Three@Weir.example"):
        client.post("/accounts/email/", {"email": address, "action_add": ""})
        assert_nothing_stored_names(b"planted", b"weir.example")
        code = next(mail for mail in reversed(mailoutbox) if mail.to == [address.lower()])
        client.post(CONFIRM, {"code": code_in(code)})

    assert [row.email for row in EmailAddress.objects.all()] == ["planted.three@weir.example"]
    assert Member.objects.get().email == "planted.three@weir.example"
    assert_nothing_stored_names(b"planted", b"weir.example")
    assert [mail.to for mail in mailoutbox if mail.subject == "Your mail address was changed"] == [
        ["planted.one@weir.example"],
        ["planted.two@weir.example"],
    ]


@pytest.mark.parametrize("spelt", ["VI@EXAMPLE.ORG", " vi@Example.org "])
def test_every_way_in_takes_any_case(client, client_class, mailoutbox, spelt):
    make_member("Vi")

    client.post("/accounts/login/", {"login": spelt, "password": PASSWORD})
    by_code, forgetful = client_class(), client_class()
    by_code.post("/accounts/login/code/", {"email": spelt})
    by_code.post("/accounts/login/code/confirm/", {"code": code_in(mailoutbox[0])})
    forgetful.post("/accounts/password/reset/", {"email": spelt})

    assert is_signed_in(client)
    assert is_signed_in(by_code)
    assert "/accounts/password/reset/key/" in mailoutbox[-1].body
    assert_nothing_stored_names(b"vi@", b"example.org")


@pytest.fixture
def staff(client):
    sam = make_member("Sam", is_staff=True, is_superuser=True)
    client.force_login(sam)
    return client


def test_staff_find_a_member_by_the_whole_address_alone(staff):
    vi = make_member("Vi", email="planted@weir.example")

    def found(words: str) -> bool:
        page = staff.get("/admin/accounts/member/", {"q": words})
        assert page.status_code == 200
        return f"/admin/accounts/member/{vi.pk}/change/" in page.content.decode()

    assert found("Planted@weir.example")
    assert not found("planted")
    assert not found("weir.example")


def test_staff_see_the_address_and_their_journal_does_not(staff):
    vi = make_member("Vi", email="planted@weir.example")
    change = f"/admin/accounts/member/{vi.pk}/change/"
    assert "planted@weir.example" in staff.get(change).content.decode()

    staff.post(change, {"is_staff": "on"})

    assert [entry.object_repr for entry in LogEntry.objects.all()] == [f"member {vi.pk}"]
    assert Member.objects.get(pk=vi.pk).email == "planted@weir.example"
    assert_nothing_stored_names(b"planted", b"weir.example")
