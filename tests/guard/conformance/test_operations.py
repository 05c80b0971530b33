"""A run keeps what each check found; one that fails proves nothing, names nobody, and stops no other."""

import time
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.backends.signals import connection_created

from tests.factories.accounts import make_member
from tests.guard.conformance.conftest import KEY, NOW
from vasistas.apps.accounts.models import Member
from vasistas.guard import gate
from vasistas.guard.conformance import operations, queries, registry
from vasistas.guard.conformance.models import KEEP, Evidence
from vasistas.guard.conformance.registry import Check, Finding, NotApplicable, NotProven
from vasistas.guard.conformance.report import Planted, Seen, State
from vasistas.guard.purposes import current

pytestmark = pytest.mark.django_db


FOUND = Finding(ok=True, counted=1)


def seen() -> Seen:
    return queries.latest()[0][KEY]


def raises(error: Exception):
    def answer() -> Finding:
        raise error

    return answer


def test_a_run_keeps_what_was_found(checked):
    operations.run_checks(NOW)
    green = seen()
    checked.wrong.append("rooms.Room")
    operations.run_checks(NOW + timedelta(hours=1))

    assert (green.state, green.counts, green.detail) == (State.HOLDS, {"counted": 3, "violations": 0}, "")
    assert (seen().state, seen().counts, seen().detail, seen().at) == (
        State.VIOLATED,
        {"counted": 3, "violations": 1},
        "rooms.Room",
        NOW + timedelta(hours=1),
    )
    assert Evidence.objects.count() == 2


@pytest.mark.parametrize(
    ("error", "state", "detail"),
    [
        (NotProven("The root key is elsewhere."), State.UNPROVEN, "The root key is elsewhere."),
        (NotApplicable("There are no rooms."), State.NOT_APPLICABLE, "There are no rooms."),
        (KeyError("ada@example.org"), State.UNPROVEN, "KeyError at guard/conformance/operations.py:"),
    ],
)
def test_a_check_that_cannot_be_carried_out_is_its_own_result(checked, caplog, error, state, detail):
    checked.answer = raises(error)

    operations.run_checks(NOW)

    assert seen().state is state
    assert seen().detail.startswith(detail)
    assert "ada@example.org" not in caplog.text + seen().detail


def test_after_each_check_others_may_write(checked):
    order = []
    checks = {key: Check(key, "live", {}, lambda _now, key=key: order.append(key) or FOUND) for key in ("a", "b")}
    registry._checks.clear()
    registry._checks.update(checks)

    operations.run_checks(NOW, between=lambda: order.append("pause"))

    assert order == ["a", "pause", "b", "pause"]


def test_a_failing_check_stops_no_other(checked):
    registry._checks["test.two"] = Check("test.two", "live", {}, lambda _now: Finding(ok=True, counted=1))
    checked.answer = raises(ZeroDivisionError())

    operations.run_checks(NOW)

    assert queries.latest()[0]["test.two"].state is State.HOLDS


def test_only_the_named_checks_run(checked):
    registry._checks["test.two"] = Check("test.two", "live", {}, lambda _now: Finding(ok=True))

    operations.run_checks(NOW, {"test.two"})

    assert set(queries.latest()[0]) == {"test.two"}


def test_checks_run_under_the_purpose_prove(checked):
    stated = []

    def answer() -> Finding:
        frame = current()
        stated.append(frame.purpose.key if frame else None)
        return Finding(ok=True)

    checked.answer = answer
    operations.run_checks(NOW)

    assert stated == ["prove"]


def test_a_query_that_never_ends_is_interrupted(checked):
    make_member("Vi", password=None)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    registry._checks[KEY] = Check(KEY, "live", {}, lambda _now: _ask(endless), limit_s=0.2)
    started = time.monotonic()

    operations.run_checks(NOW)

    assert (seen().state, seen().detail) == (State.UNPROVEN, "It took longer than 0.2 s.")
    assert time.monotonic() - started < 30
    assert Member.objects.count() == 1


def test_a_connection_that_opens_during_a_check_keeps_its_gate(checked):
    def answer() -> Finding:
        connection_created.send(sender=type(connection), connection=connections["default"])
        return Finding(ok=True)

    checked.answer = answer
    connection.execute_wrappers.clear()

    operations.run_checks(NOW)

    assert connection.execute_wrappers == [gate.check]


def _ask(sql: str) -> Finding:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return Finding(ok=True)


def test_old_evidence_goes_unless_it_is_all_there_is(checked):
    long_ago = NOW - KEEP - timedelta(days=1)
    operations.run_checks(long_ago)
    operations.keep_counterexamples({KEY: Planted(is_red=True, at=long_ago)}, long_ago)

    operations.run_checks(NOW)

    assert list(Evidence.objects.order_by("pk").values_list("sort", "at")) == [
        ("counterexample", long_ago),
        ("check", NOW),
    ]


@pytest.mark.parametrize("is_red", [True, False, None])
def test_what_became_of_a_counterexample_is_kept(checked, is_red):
    operations.keep_counterexamples({KEY: Planted(is_red, NOW, "It stayed green.")}, NOW)

    assert queries.latest()[1] == {KEY: Planted(is_red, NOW, "It stayed green.")}
