import pytest
from django.test import RequestFactory

from vasistas.apps.rooms.views import answers

ADDRESSES = [
    # caller, counted under
    ("192.0.2.7", "192.0.2.7"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
    ("", ""),
    ("unix:", "unix:"),
]


@pytest.mark.parametrize(("caller", "counted"), ADDRESSES)
def test_a_household_counts_as_one(caller: str, counted: str) -> None:
    assert answers.address_of(RequestFactory().get("/", REMOTE_ADDR=caller)) == counted


ASKED = [
    # Sec-Fetch-Mode, Accept, wants JSON
    ("cors", "*/*", True),
    ("same-origin", "text/html", True),
    ("navigate", "text/html", False),
    (None, "application/json", True),
    (None, "text/html,*/*", False),
    (None, "", False),
]


@pytest.mark.parametrize(("mode", "accept", "is_json"), ASKED)
def test_who_wants_json(mode, accept, is_json) -> None:
    headers = {"HTTP_ACCEPT": accept} if accept else {}
    headers |= {"HTTP_SEC_FETCH_MODE": mode} if mode else {}
    assert answers.wants_json(RequestFactory().get("/", **headers)) is is_json
