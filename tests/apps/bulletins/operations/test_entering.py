"""Refusals that were told to staff, or come in a list."""

from datetime import date

import pytest
from django.contrib.admin.models import LogEntry

from tests.factories.accounts import make_member
from tests.factories.consents import NOW
from vasistas.apps.bulletins import operations, queries, rules
from vasistas.apps.bulletins.models import Suppression
from vasistas.apps.bulletins.operations import entering
from vasistas.apps.privacy.models import Consent

pytestmark = pytest.mark.django_db


def objections():
    return list(Consent.objects.filter(act="objected").values_list("subject_id", "source"))


def suppressed():
    return set(Suppression.objects.values_list("channel", "index"))


def enter(address, staff_id):
    day = date(2026, 11, 20)
    operations.enter_refusal(address=address, came_by="letter", received=day, staff_id=staff_id, at=NOW)


def test_told_refusal_objects_and_the_journal_names_nobody():
    vi, sam = make_member("Vi"), make_member("Sam", is_staff=True)
    enter("VI@example.org ", sam.pk)
    (entry,) = LogEntry.objects.all()

    assert objections() == [(vi.subject_id, "staff")]
    assert suppressed() == {("mail", rules.index_of("mail", "vi@example.org"))}
    assert (entry.user_id, entry.object_repr, entry.change_message) == (
        sam.pk,
        "refusal",
        "letter, received 2026-11-20",
    )


def test_number_nobody_has_is_written_down():
    sam = make_member("Sam", is_staff=True)
    enter("+352 621 123 456", sam.pk)

    assert suppressed() == {("sms", rules.index_of("sms", "+352621123456"))}
    assert objections() == []


def test_what_is_neither_is_refused_and_leaves_nothing():
    sam = make_member("Sam", is_staff=True)
    with pytest.raises(rules.AddressRefused):
        enter("12", sam.pk)

    assert (suppressed(), LogEntry.objects.count()) == (set(), 0)


def test_list_is_taken_in_once():
    vi = make_member("Vi")
    lines = ["# from the old system", "", "vi@example.org", "VI@example.org", "max@example.net\r", "+352 621 123 456"]

    assert operations.import_refusals(lines, at=NOW) == (4, 3)
    assert operations.import_refusals(lines, at=NOW) == (4, 0)
    assert objections() == [(vi.subject_id, "import")]
    assert len(suppressed()) == 3


def test_faulty_list_names_its_lines_and_no_address_and_writes_nothing():
    with pytest.raises(operations.LineRefused) as refused:
        operations.import_refusals(["vi@example.org", "max(at)example", "", "a@b@c"], at=NOW)

    assert [line.partition(":")[0] for line in refused.value.message.splitlines()] == ["line 2", "line 4"]
    assert "max" not in refused.value.message
    assert suppressed() == set()


def test_faults_and_lines_have_a_limit(monkeypatch):
    with pytest.raises(operations.LineRefused) as refused:
        operations.import_refusals(["nothing"] * 30, at=NOW)
    assert refused.value.message.splitlines()[-1] == "and 10 more"

    monkeypatch.setattr(entering, "LINES_MAX", 1)
    with pytest.raises(operations.LineRefused, match="Split it"):
        operations.import_refusals(["a@example.org", "b@example.org"], at=NOW)


def test_ways_are_counted():
    make_member("Vi")
    operations.import_refusals(["vi@example.org"], at=NOW)
    counts = dict(queries.refusals_by_way(since=NOW))

    assert counts.pop("an import") == 1
    assert len(counts) == 6
    assert set(counts.values()) == {0}
