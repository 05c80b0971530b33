"""One's account, the privacy page, contact, and the source that is owed to whoever uses the site."""

import html
import io
import re
import tarfile
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
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
    ["/account/name/", "/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/account/security/"],
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


def test_account_asks_the_database_the_same_for_one_and_three_rooms(client: Client, vi):
    queries = []
    for name in ("Ada", "Mira", "Nils"):
        room = make_room(make_host(make_member(name, password=None)), state="live", tags=["sea", "fish"])
        rooms.follow(room=room, member=vi, at=timezone.now())
        client.get("/account/")  # what is cached for the process is there
        with CaptureQueriesContext(connection) as captured:
            client.get("/account/")
        queries.append(len(captured))

    assert queries[0] == queries[-1] > 0


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


def test_account_shows_at_a_glance_what_matters(client: Client, vi):
    page = client.get("/account/").content.decode()

    for told in ("Last sign-in", "Second factor", "Open sessions", "Sign-in alerts", "Read by staff", "Mail address"):
        assert told in page
    assert "A password alone guards this account." in page
    assert "Nobody of the staff has read anything about you." in page


def test_account_shows_the_latest_reads_by_staff(client: Client, vi):
    sam = Client()
    sam.force_login(make_member("Sam", password=None, is_staff=True, is_superuser=True))
    assert sam.get(f"/admin/accounts/member/{vi.pk}/change/").status_code == 200

    page = client.get("/account/").content.decode()

    glance = page[page.index('id="glance-reads"') :]
    assert "Name shown" in glance[: glance.index("</section>")]
    assert "Nobody of the staff" not in page


def test_account_links_pages_that_are_there_and_no_others(client: Client, vi):
    menu = client.get("/account/money/").content.decode()

    for place in ("/account/", "/account/security/", "/account/data/", "/account/reads/", "/account/export/"):
        assert f'href="{place}"' in menu
    assert 'href=""' not in menu
    assert menu.count('aria-current="page"') == 2  # the menu is written twice: folded, and beside


def test_money_makes_no_figure_up(client: Client, vi):
    page = client.get("/account/money/").content.decode()
    main = page[page.index("<h1>") : page.index("</main>")]

    assert "0</span> credits" in main
    assert set(re.findall(r"€[0-9.,]+", main)) == {"€0.00"}, "with the switch off nothing is offered"
