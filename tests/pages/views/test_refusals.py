"""The staff's page for refusals that were told."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import make_member
from vasistas.apps.bulletins.models import Suppression
from vasistas.apps.privacy.models import Consent

pytestmark = pytest.mark.django_db
PAGE = "/staff/refusals/"


@pytest.fixture
def sam(client):
    member = make_member("Sam", is_staff=True)
    client.force_login(member)
    return member


def told(address, **over):
    return {"address": address, "came_by": "letter", "received": timezone.localdate().isoformat(), **over}


def test_staff_enters_a_refusal(client, sam):
    vi = make_member("Vi")
    done = client.post(PAGE, told("Vi@Example.org"), follow=True)
    page = done.content.decode()

    assert list(Consent.objects.values_list("subject_id", "act", "source")) == [(vi.subject_id, "objected", "staff")]
    assert "Nothing is sent there any more" in page
    assert '<th scope="row">Told to staff</th><td>1</td>' in page
    assert "vi@example.org" not in page.lower()


def test_answer_is_the_same_whoever_has_the_address(client, sam):
    make_member("Vi")
    answers = {client.post(PAGE, told(address)).headers["Location"] for address in ("vi@example.org", "x@example.net")}

    assert answers == {PAGE}
    assert Suppression.objects.count() == 2


@pytest.mark.parametrize(
    "given",
    [
        told("nothing"),
        told("12345"),
        told(""),
        told("x@example.net", came_by="magic"),
        told("x@example.net", received=(timezone.localdate() + timedelta(days=2)).isoformat()),
        told("x@example.net\nBcc: y@example.net"),
        told("x" * 300 + "@example.net"),
    ],
)
def test_faulty_entries_are_shown_and_write_nothing(client, sam, given):
    answer = client.post(PAGE, given)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert Suppression.objects.count() == 0


def test_page_is_for_staff_with_a_second_factor_alone(client):
    assert client.get(PAGE).status_code == 302
    client.force_login(make_member("Max"))
    assert client.get(PAGE).status_code == 404
    assert client.post(PAGE, told("vi@example.org")).status_code == 404
    client.force_login(make_member("Lea", is_staff=True, second_factor=False))
    assert client.post(PAGE, told("vi@example.org")).status_code == 302
    assert Suppression.objects.count() == 0


def test_overview_leads_to_it(client, sam):
    assert f'href="{PAGE}"' in client.get(reverse("pages:staff")).content.decode()
    assert client.put(PAGE).status_code == 405
