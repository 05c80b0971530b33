"""Canaries come, can be seen by every page, and were never here."""

import pytest
from django.db import connection, connections
from django.utils import timezone

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message
from vasistas.apps.privacy.models import Subject
from vasistas.guard.keyring.models import DataKey
from vasistas.proof import canary

pytestmark = pytest.mark.django_db(databases=["default", "keys"])


def rows() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Member, Subject, Message, DataKey))


def test_canaries_leave_nothing_behind():
    before = rows()

    with canary.stage(timezone.now()) as canaries:
        answer = canary.browser_of(canaries.vi).get(f"/rooms/{canaries.rooms[0].slug}/")
        inside = rows()

    assert answer.status_code == 200
    assert canaries.vi.display_name in answer.text
    assert [after - earlier for earlier, after in zip(before, inside, strict=True)][:3] == [4, 4, 2]
    assert rows() == before


def test_canaries_leave_when_the_probe_fails():
    before = rows()

    with pytest.raises(ZeroDivisionError), canary.stage(timezone.now()):
        raise ZeroDivisionError

    assert rows() == before
    assert "close_if_unusable_or_obsolete" not in connections["default"].__dict__
    assert connection.is_usable()


def test_nobody_can_sign_in_as_a_canary():
    with canary.stage(timezone.now()) as canaries:
        assert [member.has_usable_password() for member in canaries.everyone] == [False] * 4
