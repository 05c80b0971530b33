"""One's account, the privacy page, contact, and the source that is owed to whoever uses the site."""

import html
import io
import tarfile
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from vasistas.apps.rooms import operations as rooms

pytestmark = pytest.mark.django_db
OPEN = ["/privacy/", "/contact/", "/source/"]


@pytest.fixture
def vi(client: Client):
    member = make_member("Vi", password=None)
    client.force_login(member)
    return member


@pytest.mark.parametrize("address", OPEN)
def test_open_pages_are_for_everyone_and_take_no_post(client: Client, address: str):
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("address", ["/", *OPEN, "/nope/"])
def test_every_page_names_the_operator_of_the_settings(client: Client, address: str):
    page = html.unescape(client.get(address).content.decode())

    for told in (settings.OPERATOR.name, settings.OPERATOR.address, settings.OPERATOR.mail, settings.OPERATOR.phone):
        assert told in page


def test_account_is_for_members_alone(client: Client):
    assert client.get("/account/").url == "/accounts/login/?next=/account/"


def test_account_shows_own_name_and_mail_and_is_not_kept(client: Client, vi):
    answer = client.get("/account/")
    page = answer.content.decode()

    assert "vi@example.org" in page
    assert "<h1>Vi</h1>" in page
    assert "no-store" in answer["Cache-Control"]
    assert client.post("/account/").status_code == 405


@pytest.mark.parametrize(
    "place",
    ["/account/name/", "/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/sessions/"],
)
def test_account_leads_to_all_that_can_be_changed(client: Client, vi, place: str):
    assert f'href="{place}"' in client.get("/account/").content.decode()


def test_account_offers_hosting_until_one_hosts(client: Client, vi):
    assert "Become a host" in client.get("/account/").content.decode()

    make_room(make_host(vi), title="Vi paints")

    page = client.get("/account/").content.decode()
    assert "Become a host" not in page
    assert "Vi paints" in page


def test_account_shows_followed_rooms_that_are_shown_to_anyone(client: Client, vi):
    for name, state in (("Ada", "live"), ("Mira", "offline"), ("Nils", "private")):
        room = make_room(make_host(make_member(name, password=None)), state=state, title=f"Room of {name}")
        rooms.follow(room=room, member=vi, at=timezone.now())

    page = client.get("/account/").content.decode()

    assert "Room of Ada" in page
    assert "Room of Mira" in page
    assert "Room of Nils" not in page


@pytest.mark.parametrize("count", [1, 3])
def test_account_asks_the_database_the_same_for_one_and_three_rooms(
    client: Client, vi, count: int, django_assert_num_queries
):
    for number in range(count):
        room = make_room(make_host(make_member(f"Ada {number}", password=None)), state="live", tags=["sea", "fish"])
        rooms.follow(room=room, member=vi, at=timezone.now())

    with django_assert_num_queries(6):
        client.get("/account/")


def test_source_is_the_running_package_with_its_licence(client: Client):
    answer = client.get("/source/vasistas.tar.gz")

    assert answer["Content-Type"] == "application/gzip"
    assert answer["Content-Disposition"].startswith('attachment; filename="vasistas-')
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        names = archive.getnames()
        inside = archive.extractfile("vasistas/src/vasistas/pages/views/house.py")
        assert inside is not None
        assert inside.read() == (Path(settings.PACKAGE) / "pages/views/house.py").read_bytes()
        assert {entry.uname for entry in archive} == {""}
    assert {"vasistas/LICENSE", "vasistas/pyproject.toml"} <= set(names)
    assert [name for name in names if "__pycache__" in name or "/data/" in name] == []


def test_installed_package_without_a_repository_gives_itself(tmp_path, settings):
    from vasistas.pages.views import house  # noqa: PLC0415 — its cache is for the running package only

    package = tmp_path / "site-packages/lib/vasistas"
    (package / "pages").mkdir(parents=True)
    (package / "pages/__init__.py").write_text("")
    settings.PACKAGE = package

    with tarfile.open(fileobj=io.BytesIO(house._archive.__wrapped__())) as archive:
        assert archive.getnames() == [
            "vasistas/src/vasistas",
            "vasistas/src/vasistas/pages",
            "vasistas/src/vasistas/pages/__init__.py",
        ]
