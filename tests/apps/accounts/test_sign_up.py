"""From nothing to a verified account, and what a stranger can learn on the way: nothing."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.core import context
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage

from tests.factories.accounts import PASSWORD, make_member
from vasistas.apps.accounts.forms import SignupForm
from vasistas.apps.accounts.models import Member

pytestmark = pytest.mark.django_db

SIGN_UP = "/accounts/signup/"
CONFIRM = "/accounts/confirm-email/"
CODE = re.compile(r"^ {4}([A-Z]{4}-[A-Z]{4})$", re.MULTILINE)


def joining(email="vi@example.org", name="Violet", password=PASSWORD):
    return {"email": email, "display_name": name, "password1": password}


def code_in(mail) -> str:
    found = CODE.search(mail.body)
    assert found is not None
    return found[1]


def without_tokens(page: bytes) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.decode())


def test_form_asks_for_address_name_and_password_alone(client):
    page = client.get(SIGN_UP).content.decode()

    form = page[page.index('<form class="form"') :]
    form = form[: form.index("</form>")]
    assert re.findall(r'<input[^>]* name="(\w+)"', form) == [
        "csrfmiddlewaretoken",
        "email",
        "display_name",
        "password1",
    ]
    assert re.findall(r'autocomplete="([\w-]+)"', form) == ["email", "nickname", "new-password"]


def test_signing_up_then_entering_the_code_signs_in(client, mailoutbox):
    answer = client.post(SIGN_UP, joining())
    assert (answer.status_code, answer["Location"]) == (302, CONFIRM)
    assert "_auth_user_id" not in client.session

    answer = client.post(CONFIRM, {"code": code_in(mailoutbox[0]).lower()})

    assert (answer.status_code, answer["Location"]) == (302, "/")
    violet = Member.objects.get(display_name="Violet")
    assert client.session["_auth_user_id"] == str(violet.pk)
    assert EmailAddress.objects.get(user=violet).verified
    assert violet.subject.kind == "member"
    assert violet.password.startswith("argon2$")


def test_signing_up_leads_on_to_the_page_one_came_from(client, mailoutbox):
    client.post(SIGN_UP, {**joining(), "next": "/rooms/quiet-corner/"})

    answer = client.post(CONFIRM, {"code": code_in(mailoutbox[0]), "next": "/rooms/quiet-corner/"})

    assert answer["Location"] == "/rooms/quiet-corner/"


def test_an_unverified_member_cannot_sign_in(client, mailoutbox):
    make_member("Violet", email="vi@example.org", verified=False)

    answer = client.post("/accounts/login/", {"login": "vi@example.org", "password": PASSWORD})

    assert (answer.status_code, answer["Location"]) == (302, CONFIRM)
    assert "_auth_user_id" not in client.session
    assert client.post(CONFIRM, {"code": code_in(mailoutbox[0])}).status_code == 302
    assert "_auth_user_id" in client.session


def test_codes_run_out_after_five_wrong_ones(client, mailoutbox):
    client.post(SIGN_UP, joining())
    for _ in range(5):
        client.post(CONFIRM, {"code": "BBBB-BBBB"})

    client.post(CONFIRM, {"code": code_in(mailoutbox[0])})

    assert "_auth_user_id" not in client.session
    assert not EmailAddress.objects.get(email="vi@example.org").verified


def test_a_known_address_gets_the_same_answers_as_an_unknown_one(client, client_class, mailoutbox):
    make_member("Ada", email="ada@example.org")
    stranger, other = client_class(), client_class()

    known = stranger.post(SIGN_UP, joining("ada@example.org", "Violet"))
    unknown = other.post(SIGN_UP, joining("new@example.org", "Violet"))

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"]) == (302, CONFIRM)
    assert Member.objects.count() == 2
    for act in (lambda who: who.get(CONFIRM), lambda who: who.post(CONFIRM, {"code": "BBBB-BBBB"})):
        known, unknown = act(stranger), act(other)
        assert known.status_code == unknown.status_code == 200
        assert without_tokens(known.content).replace("ada@", "new@") == without_tokens(unknown.content)
    assert [mail.subject for mail in mailoutbox] == ["About your account", "Your code"]
    assert "has an account already" in mailoutbox[0].body


def test_two_sign_ups_at_once_for_one_address_look_like_one(rf, client, mailoutbox):
    request = rf.post(SIGN_UP, joining())
    request.session, request.user = client.session, AnonymousUser()
    request._messages = CookieStorage(request)
    with context.request_context(request):
        form = SignupForm(request.POST)
        assert form.is_valid()
        make_member("Ada", email="vi@example.org")  # the other one was faster

        member, answer = form.try_save(request)

    assert member is None
    assert (answer.status_code, answer["Location"]) == (302, CONFIRM)
    assert [mail.subject for mail in mailoutbox] == ["About your account"]


class CountingHasher(Argon2PasswordHasher):
    """Argon2 that counts: the expensive work must be done equally often whether or not an account exists."""

    count = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).count += 1
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        type(self).count += 1
        return super().verify(password, encoded)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (SIGN_UP, lambda email: joining(email, "Violet")),
        ("/accounts/login/", lambda email: {"login": email, "password": "a wrong password"}),
        ("/accounts/password/reset/", lambda email: {"email": email}),
        ("/accounts/login/code/", lambda email: {"email": email}),
    ],
)
def test_known_and_unknown_addresses_cost_the_same_and_look_the_same(path, form, client_class, mailoutbox, settings):
    make_member("Ada", email="ada@example.org")
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    seen = []

    for email in ("ada@example.org", "new@example.org"):
        CountingHasher.count = 0
        mailoutbox.clear()
        answer = client_class().post(path, form(email), follow=True)
        page = without_tokens(answer.content).replace(email, "somebody@example.org")
        seen.append((answer.redirect_chain, answer.status_code, page, CountingHasher.count, len(mailoutbox)))

    assert seen[0] == seen[1]


@pytest.mark.parametrize("taken", ["Ada", "ADA", "Áda", "A.da", "Аdа"])
def test_a_name_that_reads_like_a_taken_one_is_refused_beside_the_field(taken, client):
    make_member("Ada")

    page = client.post(SIGN_UP, joining(name=taken)).content.decode()

    assert "This name is taken, or reads like one that is. Choose another." in page
    assert 'aria-invalid="true"' in page
    assert Member.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Vi", "This name has 2 characters; use 3 to 24."),
        ("V" * 25, "This name has 25 characters; use 3 to 24."),
        ("Vi<b>", "Use letters and digits"),
        ("Admin", "This name could be taken for the staff. Choose another."),
        ("Vasistas", "This name could be taken for the staff. Choose another."),
    ],
)
def test_a_bad_name_is_refused_with_the_remedy(name, sentence, client):
    assert sentence in client.post(SIGN_UP, joining(name=name)).content.decode()
    assert not Member.objects.exists()


@pytest.mark.parametrize("password", ["short", "password1234", "vi@example.org"])
def test_a_weak_password_is_refused(password, client):
    page = client.post(SIGN_UP, joining(password=password)).content.decode()

    assert 'id="id_password1_error"' in page
    assert not Member.objects.exists()


def test_the_twenty_first_sign_up_of_a_minute_is_refused(client):
    statuses = [client.post(SIGN_UP, joining(password="short")).status_code for _ in range(21)]

    assert statuses == [200] * 20 + [429]
