"""Which version rules on which day, and how long what is there already may stay."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.factories.policy import NOTICE, release
from tests.guard.policy.files import change, compiled
from vasistas.guard.policy import get_policy, limits, versions

FIRST = date(2026, 12, 1)  # what the small policy names
SECOND = date(2027, 2, 1)
DAY = timedelta(days=1)


@pytest.fixture
def site(folder: Path, settings: Any) -> Iterator[Path]:
    """A site whose policy is the small one, and which obeys released versions."""
    settings.POLICY, settings.POLICY_IN_FORCE = folder, "released"
    get_policy.cache_clear()
    yield folder
    get_policy.cache_clear()


def keep_chat(folder: Path, before: int, after: int) -> None:
    change(folder, f"days_max = {before}\n", f"days_max = {after}\n")


@pytest.fixture
def lengthened(site: Path) -> Path:
    """Chat stays 30 days by version 1, and 60 by version 2, from SECOND on."""
    release(site, today=FIRST)
    keep_chat(site, 30, 60)
    release(site, today=SECOND - NOTICE, effective=SECOND)
    return site


def days_in_force() -> int | None:
    return get_policy().retention["room_chat"].days_max


def test_before_the_first_release_the_files_rule(site: Path):
    change(site, "version = 1", "version = 1  # mine")

    assert (get_policy().version, get_policy().is_released) == (1, False)


def test_a_draft_does_not_rule_while_a_version_is_in_force(site: Path):
    release(site, today=FIRST)
    keep_chat(site, 30, 60)
    change(site, "version = 1", "version = 2")

    with time_machine.travel(datetime(2027, 1, 1, tzinfo=UTC), tick=False):
        assert (get_policy().version, days_in_force()) == (1, 30)


def test_who_develops_runs_the_files_as_they_are(site: Path, settings: Any):
    release(site, today=FIRST)
    keep_chat(site, 30, 60)
    change(site, "version = 1", "version = 2")
    settings.POLICY_IN_FORCE = "files"

    assert (get_policy().version, get_policy().is_released, days_in_force()) == (2, False, 60)


def test_a_version_begins_on_its_day_in_a_site_that_runs(lengthened: Path):
    last = datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)
    with time_machine.travel(last, tick=False) as clock:
        assert (get_policy().version, days_in_force()) == (1, 30)
        assert [one.version for one in get_policy.to_come()] == [2]

        clock.shift(timedelta(seconds=1))

        assert (get_policy().version, days_in_force()) == (2, 60)
        assert get_policy.to_come() == []


def test_files_that_are_being_edited_stop_no_running_site(lengthened: Path):
    with time_machine.travel(datetime(2027, 1, 31, tzinfo=UTC), tick=False) as clock:
        assert get_policy().version == 1
        (lengthened / "policy.toml").write_text("half a")

        clock.shift(DAY)

        assert get_policy().version == 2


def test_a_version_that_cannot_be_read_on_its_day_leaves_the_one_before(lengthened: Path, caplog: Any):
    with time_machine.travel(datetime(2027, 1, 31, tzinfo=UTC), tick=False) as clock:
        assert get_policy().version == 1
        (lengthened / "versions/2/policy.toml").write_text("half a")

        clock.shift(DAY)

        assert get_policy().version == 1
    assert [record.message for record in caplog.records] == ["policy.version_not_read"]


def test_a_release_by_another_process_is_noticed(site: Path):
    release(site, today=FIRST)
    with time_machine.travel(datetime(2027, 1, 1, tzinfo=UTC), tick=False):
        assert get_policy.to_come() == []
        keep_chat(site, 30, 60)
        release(site, today=date(2027, 1, 1), effective=date(2027, 3, 1))

        get_policy.notice_releases()

        assert [one.version for one in get_policy.to_come()] == [2]


def test_a_version_replaced_on_the_day_it_began_never_was(site: Path):
    release(site, today=FIRST)
    keep_chat(site, 30, 20)
    release(site, today=FIRST, effective=FIRST)

    assert [one.version for one in versions.timeline(site, FIRST)] == [2]


def test_a_copy_goes_back_to_the_version_in_force(lengthened: Path):
    (lengthened / "policy.toml").write_text("half a")

    versions.go_back_to(lengthened, 1)

    assert versions.history(lengthened) == [1]
    assert versions.faults_of_history(lengthened) == []
    assert compiled(lengthened) == versions.get_version(lengthened, 1)


def test_faults_of_the_past_are_told_whatever_the_draft_says(lengthened: Path):
    (lengthened / "policy.toml").write_text("half a")
    words = lengthened / "versions/2/clauses/en.md"
    words.write_text(words.read_text() + "We may sell it.\n")

    (fault,) = versions.faults_of_history(lengthened)

    assert str(fault.file) == "policy/versions/2/clauses/en.md"


# -- How long a row stays ----------------------------------------------------------------------------------------------


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def test_a_longer_period_spares_what_was_there(lengthened: Path):
    with time_machine.travel(at(SECOND + 5 * DAY), tick=False):
        assert limits.limit_for("room_chat", at(FIRST)) == 30 * DAY
        assert limits.limit_for("room_chat", at(SECOND) - timedelta(microseconds=1)) == 30 * DAY
        assert limits.limit_for("room_chat", at(SECOND)) == 60 * DAY


def test_a_shorter_period_counts_for_all_and_a_later_longer_one_does_not_undo_it(lengthened: Path):
    keep_chat(lengthened, 60, 10)
    release(lengthened, today=SECOND, effective=SECOND + 10 * DAY)
    keep_chat(lengthened, 10, 90)
    release(lengthened, today=SECOND, effective=SECOND + 100 * DAY)

    with time_machine.travel(at(SECOND + 200 * DAY), tick=False):
        made = [FIRST, SECOND, SECOND + 10 * DAY, SECOND + 99 * DAY, SECOND + 100 * DAY]
        assert [limits.limit_for("room_chat", at(day)) for day in made] == [10 * DAY] * 4 + [90 * DAY]


@pytest.mark.parametrize("days", range(0, 130, 5))
def test_one_moment_parts_what_is_due_from_what_stays(lengthened: Path, days: int):
    now = at(SECOND + days * DAY)
    with time_machine.travel(now, tick=False):
        before = limits.due_before("room_chat", now)
        assert before is not None
        for age in range(200):
            made = now - age * DAY
            limit = limits.limit_for("room_chat", made)
            assert limit is not None
            assert (made <= before) == (made + limit <= now), age


def test_a_rule_without_days_has_no_limit(lengthened: Path):
    with time_machine.travel(at(SECOND), tick=False):
        assert limits.limit_for("account_life", at(FIRST)) is None
        assert limits.due_before("account_life", at(SECOND)) is None


def test_a_rule_nobody_wrote_is_no_rule(lengthened: Path):
    with pytest.raises(KeyError):
        limits.limit_for("nothing", at(FIRST))
