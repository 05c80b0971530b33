"""From end to end: what pages write down, and that a page whose reads cannot be written down shows nothing."""

import pytest
from django.db import connection
from django.test import Client

from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from tests.guard.reads.log import audit_id, entries_now, sql
from vasistas.apps.accounts.models import Member

pytestmark = pytest.mark.django_db

PLANTED = "Vi"


@pytest.fixture
def desk(client: Client, sam: Member) -> Client:
    """Sam at the staff's door, with a second factor."""
    client.force_login(sam)
    client.get("/admin/")  # what signing in itself writes is not what these tests look at
    return client


def refuse_entries() -> None:
    """Let the table of entries take no rows."""
    if connection.vendor == "sqlite":
        sql("CREATE TRIGGER full BEFORE INSERT ON reads_entry BEGIN SELECT RAISE(ABORT, 'full'); END")
    else:
        sql("ALTER TABLE reads_entry ADD CONSTRAINT full_up CHECK (false) NOT VALID")


def test_staff_page_writes_one_entry_for_each_member_it_shows(desk, vi, sam):
    answer = desk.get(f"/admin/accounts/member/{vi.pk}/change/")

    assert PLANTED in answer.content.decode()
    found = [entry for entry in entries_now() if entry.subject]
    assert [(entry.purpose, entry.subject, entry.actor_kind, entry.actor) for entry in found] == [
        ("staff", audit_id(vi), "staff", audit_id(sam))
    ]
    assert "accounts.Member.display_name" in found[0].mask.split()


def test_staff_page_shows_nothing_when_its_reads_cannot_be_written_down(desk, vi, caplog):
    assert f">{PLANTED}<" in desk.get("/admin/accounts/member/").content.decode()  # it would
    refuse_entries()

    answer = desk.get("/admin/accounts/member/")

    assert answer.status_code == 503
    page = answer.content.decode()
    assert not [
        word for word in (vi.display_name, "vi@example.org", audit_id(vi)) if f">{word}<" in page or f'"{word}' in page
    ]
    assert "read log cannot be written" in page
    assert not [record for record in caplog.records if "vi@example.org" in record.getMessage()]


def test_refusal_speaks_json_to_scripts(desk, vi):
    refuse_entries()

    answer = desk.get("/admin/accounts/member/", headers={"accept": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (503, "reads.unavailable")


def test_published_pages_write_nothing(client, vi, max_):
    room = make_room(make_host(max_))
    for path in ("/", room.get_absolute_url()):
        assert client.get(path).status_code == 200
    client.force_login(vi)
    before = len(entries_now())
    for path in ("/", room.get_absolute_url()):
        assert client.get(path).status_code == 200

    assert [(one.purpose, one.mask, one.actor_kind) for one in entries_now()[before:]] == []


def test_own_account_page_writes_nothing(client, vi):
    client.force_login(vi)
    before = len(entries_now())

    assert client.get("/accounts/email/").status_code == 200

    assert [(one.purpose, one.mask, one.actor_kind) for one in entries_now()[before:]] == []
