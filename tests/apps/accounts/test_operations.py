"""Opening accounts and changing names: two at once never get the same address or name."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from tests.factories.accounts import make_member
from vasistas.apps.accounts import operations
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy.models import Subject
from vasistas.guard import keyring

pytestmark = pytest.mark.django_db


def test_open_account_makes_a_member_and_its_subject():
    member = operations.open_account(email=" Vi@Example.ORG ", display_name="Violet", password="a long sentence")

    assert (member.email, member.display_name, member.name_key) == ("vi@example.org", "Violet", "violet")
    assert member.subject.kind == Subject.Kind.MEMBER
    assert not member.is_staff
    assert member.password.startswith("argon2$")


@pytest.mark.parametrize(
    ("email", "name", "refusal"),
    [("other@example.org", "V.I", operations.NameTaken), ("vi@example.org", "Other", operations.AddressTaken)],
)
def test_open_account_refuses_what_is_taken_and_leaves_nothing_behind(email, name, refusal):
    make_member("Vi")

    with pytest.raises(refusal):
        operations.open_account(email=email, display_name=name, password="a long sentence")

    assert (Member.objects.count(), Subject.objects.count()) == (1, 1)


def test_change_name_refuses_what_is_taken():
    vi = make_member("Vi")
    make_member("Ada")

    with pytest.raises(operations.NameTaken):
        operations.change_name(member=vi, display_name="adA")

    vi.refresh_from_db()
    assert vi.display_name == "Vi"


def test_forget_unverified_deletes_what_nobody_proved_within_three_days():
    now = timezone.now()
    make_member("Vi")
    make_member("Max", verified=False)
    make_member("Sam", verified=False, is_staff=True)
    stale = make_member("Old", verified=False)
    Member.objects.update(date_joined=now - timedelta(days=2))
    Member.objects.filter(pk=stale.pk).update(date_joined=now - timedelta(days=3))
    Member.objects.filter(display_name="Sam").update(date_joined=now - timedelta(days=9))

    handle = stale.subject.key_handle

    assert operations.forget_unverified(now) == 1

    with pytest.raises(keyring.KeyDestroyed):
        keyring.data_key(handle, "identity")
    assert sorted(Member.objects.values_list("display_name", flat=True)) == ["Max", "Sam", "Vi"]
    assert Subject.objects.count() == 3


def test_forget_sessions_deletes_what_ended_and_the_addresses_that_go_with_it():
    now = timezone.now()
    vi = make_member("Vi")
    for key, expires_in, seen_ago in (("open", 1, 1), ("ended", -1, 1), ("unseen", 1, 31)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(days=expires_in))
        session = UserSession.objects.create(user=vi, session_key=key, ip="192.0.2.1", user_agent="x")
        UserSession.objects.filter(pk=session.pk).update(last_seen_at=now - timedelta(days=seen_ago))

    assert operations.forget_sessions(now) == 2

    assert list(Session.objects.order_by("session_key").values_list("session_key", flat=True)) == ["open", "unseen"]
    assert sorted(UserSession.objects.values_list("session_key", flat=True)) == ["open", "unseen"]
