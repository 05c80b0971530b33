"""The sweeps read their periods from the policy; the one that settings count is the policy's too."""

from datetime import timedelta

from django.conf import settings

from tests.guard.policy.files import compiled


def test_the_period_of_a_session_is_the_policys():
    days = compiled(settings.POLICY).retention["session"].days_max

    assert timedelta(seconds=settings.SESSION_COOKIE_AGE) == timedelta(days=days or 0)
