"""Sessions load wherever they are asked for, and tell nothing to whoever reads the table."""

import base64
from datetime import timedelta

import pytest
from django.contrib import auth
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import RequestFactory
from django.utils import timezone

from tests.factories.accounts import make_member
from vasistas.guard.purposes import processing
from vasistas.guard.sessions import SessionStore

pytestmark = [pytest.mark.django_db, pytest.mark.nothing_stated]


def kept(**data: str) -> SessionStore:
    store = SessionStore()
    store.update(data)
    store.save()
    return store


def row(store: SessionStore) -> Session:
    with processing("test"):
        return Session.objects.get(session_key=store.session_key)


def test_a_session_is_kept_and_ended_with_nothing_stated():
    store = kept(secret="a basket of cherries")

    again = SessionStore(store.session_key)
    assert (again["secret"], again.exists(store.session_key)) == ("a basket of cherries", True)
    again.cycle_key()
    assert SessionStore(again.session_key)["secret"] == "a basket of cherries"
    assert dict(SessionStore(store.session_key).items()) == {}
    again.flush()
    assert not SessionStore().exists(again.session_key)


def test_what_is_in_it_does_not_stand_in_the_table():
    stored = row(kept(secret="a basket of cherries")).session_data

    assert "cherries" not in stored
    assert b"cherries" not in base64.b64decode(stored)


def test_a_session_opens_in_its_own_row_alone(caplog):
    mine, other = kept(secret="mine"), kept(secret="other")
    with processing("test"):
        Session.objects.filter(session_key=mine.session_key).update(session_data=row(other).session_data)

    assert dict(SessionStore(mine.session_key).items()) == {}
    assert [record.getMessage() for record in caplog.records] == ["sessions.unreadable"]


@pytest.mark.parametrize("cut", ["", "AAAA", "not base64", "é"])
def test_what_is_no_session_of_ours_is_none(cut):
    mine = kept(secret="mine")
    with processing("test"):
        Session.objects.filter(session_key=mine.session_key).update(session_data=cut)

    assert dict(SessionStore(mine.session_key).items()) == {}


def test_a_session_from_before_ends():
    with processing("test"):
        old = db.SessionStore()
        old["secret"] = "from before"
        old.save()

    assert dict(SessionStore(old.session_key).items()) == {}


def test_ended_sessions_are_cleared_by_command():
    store = kept(secret="old")
    with processing("test"):
        Session.objects.update(expire_date=timezone.now() - timedelta(days=1))

    call_command("clearsessions")

    assert not SessionStore().exists(store.session_key)


def test_a_member_is_known_by_session_with_nothing_stated():
    with processing("test"):
        vi = make_member("Vi")
    request = RequestFactory().get("/")
    request.session = SessionStore()
    assert auth.authenticate(request, email="vi@example.org", password="a window in the door") == vi
    assert auth.authenticate(request, email="vi@example.org", password="another") is None
    with processing("account"):
        auth.login(request, vi, backend="vasistas.apps.accounts.adapter.AuthenticationBackend")
    request.session.save()

    request.session = SessionStore(request.session.session_key)
    assert auth.get_user(request) == vi
