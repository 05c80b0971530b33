"""Nothing stated outside reaches a view; views of libraries get their purpose; what was read is written down first."""

import logging

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import logout
from django.core import checks
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished, request_started
from django.db import IntegrityError, close_old_connections
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client, override_settings
from django.urls import include, path, resolve

from tests.factories.accounts import make_member
from vasistas.apps.accounts.models import Member
from vasistas.config import urls
from vasistas.guard import purposes, third_party, views
from vasistas.guard.access import public
from vasistas.guard.middleware import VISITOR, actor_of
from vasistas.guard.purposes import Actor, processing
from vasistas.guard.reads import entries

pytestmark = pytest.mark.django_db
NAMES = "{% for member in members %}{{ member.display_name }}{% endfor %}"


def names_later(request: HttpRequest) -> TemplateResponse:
    """As views of libraries do: the query runs when the answer is rendered."""
    return TemplateResponse(request, engines["django"].from_string(NAMES), {"members": Member.objects.all()})


@public("a test")
def silent(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(Member.objects.get().display_name)


@public("a test")
@processing("account")
def stating(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(Member.objects.get(display_name="Vi").display_name)


@public("a test")
@processing("chat")
def overreaching(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(Member.objects.get().display_name)


@public("a test")
@processing("staff")
def staffing(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(Member.objects.values_list("display_name", flat=True).get(pk=request.GET["pk"]))
    list(Member.objects.only("display_name"))
    response.set_cookie("seen", "Vi")
    return response


@processing("account")
def leaving(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse(repr(actor_of(request)))


@public("a test")
def asking(request: HttpRequest) -> HttpResponse:
    before = actor_of(request)
    _ = request.user.is_authenticated
    return HttpResponse(f"{before} {actor_of(request)}")


urlpatterns = [
    path("silent/", silent, name="silent"),
    path("stating/", stating),
    path("overreaching/", overreaching),
    path("staffing/", staffing),
    path("leaving/", leaving),
    path("asking/", asking),
    path("library/", public("a test")(names_later), name="account_names"),
    path("ours/", public("a test")(names_later), name="names"),
    path("", include(urls)),
]
handler500 = urls.handler500
here = pytest.mark.urls("tests.guard.test_middleware")


@pytest.fixture
def vi() -> Member:
    return make_member("Vi", password=None)


@pytest.fixture
def no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read log that takes no entry, and a database that quotes the row."""

    def full(_drafts: object, **_options: object) -> None:
        raise IntegrityError("Key (display_name)=(Vi) is no good")

    monkeypatch.setattr(entries, "write", full)


@here
@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("/silent/", "with processing(…):"),
        ("/overreaching/", "The purpose 'chat' does not allow user.account.activity"),
        ("/ours/", "with processing(…):"),
    ],
)
def test_a_view_that_does_not_say_why_fails_and_the_log_tells_the_remedy(client, vi, caplog, address, remedy):
    client.raise_request_exception = False

    answer = client.get(address)

    assert answer.status_code == 500
    assert "Vi" not in answer.content.decode()
    errors = [record for record in caplog.records if record.exc_info]
    assert [remedy in str(record.exc_info[1]) for record in errors] == [True]
    told = logging.Formatter().format(errors[0])
    assert vi.email not in told
    assert "accounts.Member.display_name" in told or "accounts.Member.date_joined" in told


@here
def test_a_view_that_says_why_is_served_and_leaves_nothing_stated(client, vi):
    assert client.get("/stating/").content == b"Vi"

    frame = purposes.current()
    assert frame is not None
    assert frame.purpose.key == "test"  # the one of the tests, as before


def test_refusals_are_shown_to_members_too(client, vi):
    client.force_login(vi)

    assert client.get("/nowhere/").status_code == 404
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get("/accounts/").status_code == 302  # allauth's own redirect, after the view was not found
    assert client.post("/age-statement/", {}, headers={"accept": "text/html"}).status_code < 500
    assert Client(enforce_csrf_checks=True).post("/account/name/", {}).status_code == 403


@here
def test_views_of_libraries_are_covered_until_they_are_rendered(client, vi):
    assert client.get("/library/").content == b"Vi"


@pytest.mark.parametrize(
    ("address", "purpose"),
    [
        ("/accounts/login/", "account"),
        ("/accounts/2fa/", "account"),
        ("/accounts/sessions/", "account"),
        ("/admin/", "staff"),
        ("/admin/accounts/member/", "staff"),
        ("/account/", None),
        ("/rooms/", None),
    ],
)
def test_views_of_libraries_have_their_purpose(address, purpose):
    assert third_party.purpose_of(resolve(address)) == purpose


@here
def test_who_asks_is_known_without_asking_the_database(client, vi):
    assert client.get("/asking/").content.decode() == f"{VISITOR} {VISITOR}"
    client.force_login(vi)
    assert client.get("/asking/").content.decode() == f"{VISITOR} {Actor('member', vi.subject_id)}"


@here
def test_who_leaves_is_still_who_asked(client, vi):
    client.force_login(vi)

    assert client.get("/leaving/").content.decode() == repr(Actor("member", vi.subject_id))


@here
def test_no_log_no_data(client, vi, no_log, caplog):
    page = client.get("/staffing/", {"pk": vi.pk})
    told = client.get("/staffing/", {"pk": vi.pk}, headers={"accept": "application/json"})

    assert (page.status_code, told.status_code) == (503, 503)
    assert "The read log cannot be written" in page.content.decode()
    assert told.json()["code"] == "reads.unavailable"
    assert b"Vi" not in page.content + told.content
    assert "seen" not in page.cookies
    assert "Vi" not in caplog.text


def from_outside(*addresses: str) -> list[httpx.Response]:
    """Ask the real application by its asynchronous door; its threads are this one, and so is its database."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(get_asgi_application(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
            return [await browser.get(address) for address in addresses]

    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)  # as Django's own client does: the test's transaction is in it
    try:
        return async_to_sync(ask)()
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@here
def test_statements_survive_the_way_between_threads_and_end_with_the_request(vi):
    answers = from_outside("/library/", "/stating/", "/silent/", "/library/", "/ours/", "/accounts/login/")

    assert [answer.status_code for answer in answers] == [200, 200, 500, 200, 500, 200]
    assert [answer.text for answer in answers[:2]] == ["Vi", "Vi"]


def test_every_address_of_the_site_says_why():
    assert views.check_every_view_states() == []
    stated = {address.name: address.states for address in views.addresses()}
    assert (stated["pages:watch"], stated["chat:say"], stated["admin:index"]) == ("rooms", "chat", "staff")


@override_settings(ROOT_URLCONF="tests.guard.test_middleware")
def test_an_address_that_does_not_say_why_breaks_the_build():
    found = views.check_every_view_states()

    assert {message.id for message in found} == {"guard.E011"}
    assert all(isinstance(message, checks.Error) for message in found)
    assert "tests.guard.test_middleware.silent (silent)" in found[0].msg
