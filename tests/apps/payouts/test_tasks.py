"""What goes on without a request, as the worker does it."""

from datetime import timedelta

import pytest

from tests.factories.payouts import AT
from tests.factories.providers import make_studio
from vasistas.apps.payouts import operations, queries, rules, tasks
from vasistas.apps.payouts.models import PayoutRun, Record
from vasistas.guard.purposes import processing
from vasistas.guard.reads.models import Entry
from vasistas.guard.sealed import SealedBroken

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved(ada, staff):
    """A run that two people approved; whoever was to pay it died."""
    with processing("finance", reason="a test of payouts"):
        run = operations.prepare_run(subject_id=staff[0].subject_id, at=AT)
        contents = rules.contents_of(queries.payouts_in(run))
        for one in staff:
            operations.approve_run(run_id=run.pk, subject_id=one.subject_id, contents=contents, at=AT)
    return run


@pytest.fixture
def announced(ada):
    """A studio that leaves its hosts less from 15 days after AT on."""
    studio = make_studio()
    operations.set_share(studio=studio, owner_subject_id=studio.owner.subject_id, percent=60, at=AT)
    return studio


@pytest.mark.nothing_stated
def test_the_worker_pays_what_was_interrupted_and_lets_shares_count(ada, approved, announced):
    tasks.go_on(AT + timedelta(days=16))
    tasks.go_on(AT + timedelta(days=16))

    with processing("test"):
        approved.refresh_from_db()
        announced.refresh_from_db()
        assert approved.state == PayoutRun.State.PAID
        assert announced.host_share_percent == 60
        assert queries.balance_of(ada.member.subject_id) == 0
        assert Entry.objects.filter(purpose="finance", mask__contains="payouts.Payee.iban").exists()


@pytest.mark.nothing_stated
def test_a_run_that_fails_waits_and_names_nobody(approved, settings, caplog):
    settings.PAYOUT_IBAN = "LU00"  # mended later: the file cannot be written
    tasks.go_on(AT)
    assert "payouts.run_waits" in caplog.text
    assert "Müller" not in caplog.text
    settings.PAYOUT_IBAN = "LU280019400644750000"
    tasks.go_on(AT)
    with processing("test"):
        approved.refresh_from_db()
        assert approved.state == PayoutRun.State.PAID
        assert Record.objects.filter(kind=Record.Kind.FILE).count() == 1


def test_a_record_opens_in_its_own_row_alone(approved):
    with processing("finance", reason="a test of payouts"):
        operations.finish_runs(at=AT)
    one, other = Record.objects.order_by("pk")
    one.__dict__["content"] = other.__dict__["content"]
    with pytest.raises(SealedBroken):
        assert one.content
