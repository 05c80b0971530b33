import re

import pytest
from django.test import Client

from tests.factories.accounts import make_member
from tests.factories.providers import make_host, make_studio
from vasistas.apps.accounts.models import Member
from vasistas.apps.providers.models import Host, Studio

pytestmark = pytest.mark.django_db


def browser(member: Member | None = None) -> Client:
    client = Client()
    if member is not None:
        client.force_login(member)
    return client


def invite(owner: Client) -> str:
    """Have the owner make a link; returns its path."""
    page = owner.post("/studios/studio-stu/invite")
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    (path,) = re.findall(r"/studio-invitations/[\w-]{43}/", page.text)
    return path


PAGES = [
    # path, method, owner, stranger, visitor
    ("/studios/", "get", 200, 200, 302),
    ("/studios/studio-stu/", "get", 200, 404, 302),
    ("/studios/studio-stu/invite", "post", 200, 404, 302),
    ("/studios/studio-stu/invite", "get", 405, 405, 302),
    ("/studios/studio-stu/release", "post", 404, 404, 302),
    ("/studios/nowhere/", "get", 404, 404, 302),
    ("/studio-membership/leave", "post", 403, 403, 302),
    ("/studio-membership/leave", "get", 405, 405, 302),
    (f"/studio-invitations/{'x' * 43}/", "get", 410, 410, 302),
]


@pytest.mark.parametrize("row", PAGES, ids=lambda row: f"{row[1]} {row[0][:40]}")
def test_who_may(row) -> None:
    path, method, *statuses = row
    studio = make_studio()
    people = (browser(studio.owner), browser(make_member("Max", password=None)), browser())
    assert [getattr(client, method)(path).status_code for client in people] == statuses


def test_a_studio_is_founded() -> None:
    stu = browser(make_member("Stu", password=None))
    answer = stu.post("/studios/", {"name": " Lux  Cams ", "slug": "lux"})
    assert (answer.status_code, answer["Location"]) == (302, "/studios/lux/")
    assert Studio.objects.get().name == "Lux Cams"
    assert "Lux Cams" in stu.get("/studios/").text


@pytest.mark.parametrize("wrong", [{"slug": "Lux!"}, {"slug": "studio-stu"}, {"name": ""}])
def test_what_is_wrong_with_a_studio_is_shown(wrong: dict) -> None:
    make_studio()
    answer = browser(make_member("Max", password=None)).post("/studios/", {"name": "Lux", "slug": "lux", **wrong})
    assert answer.status_code == 422
    assert "field__error" in answer.text
    assert Studio.objects.count() == 1


def test_a_host_joins_by_the_link_and_leaves() -> None:
    studio, ada = make_studio(), make_host()
    path = invite(browser(studio.owner))
    host = browser(ada.member)
    assert "Studio Stu invites you" in host.get(path).text
    assert Host.objects.get().studio is None  # looking is not joining
    assert host.post(path)["Location"] == "/studios/"
    assert host.get(path).status_code == 410
    page = browser(studio.owner).get("/studios/studio-stu/").text
    assert "Ada" in page
    assert ada.member.email not in page
    assert host.post("/studio-membership/leave").status_code == 302
    assert Host.objects.get().studio is None


def test_a_member_who_is_no_host_keeps_the_link_good() -> None:
    studio = make_studio()
    path = invite(browser(studio.owner))
    vi = browser(make_member("Vi", password=None))
    for answer in (vi.get(path), vi.post(path)):
        assert 'href="/become-a-host/"' in answer.text
    assert browser(make_host().member).post(path).status_code == 302


def test_the_owner_lets_a_host_go() -> None:
    studio = make_studio()
    ada = make_host(studio=studio)
    stu = browser(studio.owner)
    assert stu.post("/studios/studio-stu/release", {"host": "x"}).status_code == 404
    assert stu.post("/studios/studio-stu/release", {"host": "999"}).status_code == 403
    assert stu.post("/studios/studio-stu/release", {"host": str(ada.pk)}).status_code == 302
    assert Host.objects.get().studio is None
