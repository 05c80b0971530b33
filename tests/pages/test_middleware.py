"""Typed refusals reach people as a page and scripts as JSON, with the refusal's own status; all answers are private."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from vasistas.config import urls as site
from vasistas.guard.access import public
from vasistas.lib.errors import DomainError, LimitReached, NotAllowed, NotFound

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

REFUSALS = {
    "plain": DomainError("The title is empty. Write one.", code="rooms.no_title", fields={"title": "Write one."}),
    "not-allowed": NotAllowed("Only the host may do that."),
    "not-found": NotFound("There is no such room."),
    "limit": LimitReached("Too many attempts. Try again in 7 s.", retry_after_s=7),
    "limit-unknown": LimitReached("The mail server does not keep up."),
    "other": ValueError("not ours"),
}


@public("a test")
def refuse(request: HttpRequest, name: str) -> HttpResponse:
    raise REFUSALS[name]


urlpatterns: list[Any] = [path("refuse/<slug:name>", refuse), path("", include(site))]


@pytest.mark.parametrize(
    ("name", "status"),
    [("plain", 400), ("not-allowed", 403), ("not-found", 404), ("limit", 429), ("limit-unknown", 429)],
)
def test_people_get_a_page(client, name, status):
    answer = client.get(f"/refuse/{name}", HTTP_ACCEPT="text/html,*/*", HTTP_SEC_FETCH_MODE="navigate")

    assert answer.status_code == status
    assert REFUSALS[name].message in answer.content.decode()
    assert "<footer" in answer.content.decode()


@pytest.mark.parametrize("headers", [{"HTTP_SEC_FETCH_MODE": "cors"}, {"HTTP_ACCEPT": "application/json"}])
def test_scripts_get_json(client, headers):
    answer = client.post("/refuse/plain", **headers)

    assert answer.status_code == 400
    assert answer.json() == {
        "code": "rooms.no_title",
        "message": "The title is empty. Write one.",
        "fields": {"title": "Write one."},
    }


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_limit_says_when_to_come_back(client, accept):
    assert client.get("/refuse/limit", HTTP_ACCEPT=accept)["Retry-After"] == "7"
    assert "Retry-After" not in client.get("/refuse/limit-unknown", HTTP_ACCEPT=accept)


def test_other_errors_pass_through(client):
    with pytest.raises(ValueError, match="not ours"):
        client.get("/refuse/other")


@pytest.mark.parametrize(
    "address", ["/", "/contact/", "/accounts/login/", "/nowhere", "/refuse/not-allowed", "/studios/"]
)
def test_no_cache_keeps_an_answer_and_no_other_site_uses_it(client, address):
    answer = client.get(address)

    assert "no-store" in answer["Cache-Control"]
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=(self)" in answer["Permissions-Policy"]
    assert "geolocation=()" in answer["Permissions-Policy"]
