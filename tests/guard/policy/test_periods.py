"""The sweeps delete after the periods the policy promises: what code counts and what people read are one number."""

from datetime import timedelta

from django.conf import settings

from tests.guard.policy.files import compiled
from vasistas.apps.accounts.operations import SESSION_ADDRESS_KEEP, UNVERIFIED_KEEP
from vasistas.apps.chat.models import RETENTION_DAYS
from vasistas.apps.rooms.models import WATCH_SESSION_KEEP
from vasistas.apps.rooms.operations.counts import BAN_KEEP


def test_every_period_in_code_is_the_policys():
    retention = compiled(settings.POLICY).retention

    assert {
        "room_chat": timedelta(days=RETENTION_DAYS),
        "restriction": BAN_KEEP,
        "viewing": WATCH_SESSION_KEEP,
        "unproven_account": UNVERIFIED_KEEP,
        "session_address": SESSION_ADDRESS_KEEP,
        "session": timedelta(seconds=settings.SESSION_COOKIE_AGE),
    } == {
        key: timedelta(days=retention[key].days_max or 0)
        for key in ("room_chat", "restriction", "viewing", "unproven_account", "session_address", "session")
    }
