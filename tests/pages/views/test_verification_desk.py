"""The staff's list of hosts' checks, as staff, members and hosts meet it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from tests.pages.views.test_changes import use_second_factor
from vasistas.apps.providers.models import Host
from vasistas.apps.verification import queries
from vasistas.apps.verification.models import Clearance
from vasistas.guard.purposes import processing
from vasistas.guard.reads import queries as reads

pytestmark = pytest.mark.django_db
LIST, DECIDE = "/staff/verification/", "/staff/verification/decide/"


@pytest.fixture
def host() -> Host:
    return make_host()


@pytest.fixture
def sam() -> Client:
    client = Client()
    client.force_login(make_member("Sam", is_staff=True, is_superuser=True))
    use_second_factor(client)
    return client


def cleared(host: Host) -> bool:
    return queries.is_cleared(host.pk, timezone.now())


def test_staff_clears_and_withdraws_and_the_host_sees_who_looked(sam, host) -> None:
    assert "Ada" in sam.get(LIST).content.decode()
    assert sam.post(DECIDE, {"host": host.pk, "act": "clear", "days": "30"}).status_code == 302
    assert cleared(host)
    assert list(sam.get(LIST).context["page"].object_list) == []
    assert list(sam.get(LIST, {"state": "all"}).context["page"].object_list) == [host]
    with processing("rights"):
        entries = [one for one in reads.reads_of(host.member.subject_id) if one.actor_kind == "staff"]
    assert {one.purpose for one in entries} == {"staff"}
    sam.post(DECIDE, {"host": host.pk, "act": "withdraw"})
    assert not cleared(host)


@pytest.mark.parametrize("odd", [{"days": "731"}, {"days": "0"}, {"act": "x"}, {"host": "0"}, {"host": "99999"}])
def test_an_odd_decision_changes_nothing(sam, host, odd) -> None:
    assert sam.post(DECIDE, {"host": host.pk, "act": "clear", "days": "30", **odd}).status_code == 302
    assert not cleared(host)


def test_a_host_on_the_staff_does_not_clear_themselves() -> None:
    member = make_member("Sam", is_staff=True, is_superuser=True)
    host, client = make_host(member), Client()
    client.force_login(member)
    use_second_factor(client)
    client.post(DECIDE, {"host": host.pk, "act": "clear", "days": "30"})
    assert not cleared(host)


def test_for_members_there_is_no_such_page(host) -> None:
    client = Client()
    client.force_login(host.member)
    assert client.get(LIST).status_code == 404
    assert client.post(DECIDE, {"host": host.pk, "act": "clear", "days": "30"}).status_code == 404
    assert not cleared(host)


NEEDED, SOON = "Before you broadcast, staff has to check who you are.", "Have it renewed"


@pytest.mark.parametrize(
    ("days_left", "said", "unsaid"),
    [
        (None, [NEEDED], [SOON, "ended on"]),
        (-1, [NEEDED, "ended on"], [SOON]),
        (30, [SOON], [NEEDED]),
        (31, [], [NEEDED, SOON]),
    ],
)
def test_the_studio_tells_the_host(settings, days_left, said, unsaid) -> None:
    settings.HOSTS_MUST_VERIFY = True
    room = make_room()
    if days_left is not None:
        Clearance.objects.create(host=room.host, verified_until=timezone.now() + timedelta(days=days_left))
    client = Client()
    client.force_login(room.host.member)
    page = client.get("/studio/").content.decode()
    assert [words for words in said if words not in page] == []
    assert [words for words in unsaid if words in page] == []
    settings.HOSTS_MUST_VERIFY = False
    quiet = client.get("/studio/").content.decode()
    assert NEEDED not in quiet
    assert SOON not in quiet
