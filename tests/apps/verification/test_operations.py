"""Clearances: they end by themselves, are replaced and withdrawn, and are never one's own to give."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from vasistas.apps.verification import operations, queries, rules
from vasistas.apps.verification.models import Clearance
from vasistas.lib.errors import NotAllowed

pytestmark = pytest.mark.django_db
NOW = timezone.now()
SAM = 999_999  # a subject's number that is not the host's


def test_a_clearance_counts_until_its_day_and_not_at_it(settings) -> None:
    settings.HOSTS_MUST_VERIFY = True
    host = make_host()
    assert not queries.is_cleared(host.pk, NOW)
    until = operations.clear(host=host, by_subject_id=SAM, days=30, at=NOW).verified_until
    assert until == NOW + timedelta(days=30)
    queries.require_cleared(host.pk, until - timedelta(seconds=1))
    with pytest.raises(NotAllowed) as refused:
        queries.require_cleared(host.pk, until)
    assert refused.value.code == "verification.needed"


def test_the_newest_decision_counts(settings) -> None:
    settings.HOSTS_MUST_VERIFY = True
    host = make_host()
    operations.clear(host=host, by_subject_id=SAM, days=30, at=NOW)
    operations.clear(host=host, by_subject_id=SAM, days=1, at=NOW)
    assert Clearance.objects.get().verified_until == NOW + timedelta(days=1)
    operations.withdraw(host=host, by_subject_id=SAM)
    operations.withdraw(host=host, by_subject_id=SAM)
    with pytest.raises(NotAllowed):
        queries.require_cleared(host.pk, NOW)


def test_another_hosts_clearance_clears_nobody_else() -> None:
    ada, eve = make_host(), make_host(make_member("Eve"))
    operations.clear(host=ada, by_subject_id=SAM, days=30, at=NOW)
    assert (queries.is_cleared(ada.pk, NOW), queries.is_cleared(eve.pk, NOW)) == (True, False)
    assert list(queries.hosts_for_staff(only_uncleared=True, at=NOW)) == [eve]
    assert list(queries.hosts_for_staff(only_uncleared=True, at=NOW + timedelta(days=30))) == [eve, ada]


def test_nobody_decides_on_themselves() -> None:
    host = make_host()
    with pytest.raises(NotAllowed):
        operations.clear(host=host, by_subject_id=host.member.subject_id, days=1, at=NOW)
    operations.clear(host=host, by_subject_id=SAM, days=1, at=NOW)
    with pytest.raises(NotAllowed):
        operations.withdraw(host=host, by_subject_id=host.member.subject_id)
    assert queries.is_cleared(host.pk, NOW)


@pytest.mark.parametrize("days", [0, -1, rules.CLEARANCE_DAYS_MAX + 1])
def test_days_have_their_bounds(days) -> None:
    with pytest.raises(ValueError, match="days"):
        operations.clear(host=make_host(), by_subject_id=SAM, days=days, at=NOW)


def test_a_site_that_asks_for_no_check_lets_everybody_through(settings) -> None:
    settings.HOSTS_MUST_VERIFY = False
    queries.require_cleared(make_host().pk, NOW)
