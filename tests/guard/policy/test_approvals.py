"""From the second version on two people approve exactly the files that are frozen, and anyone can see it offline."""

import json
from datetime import date
from pathlib import Path

import pytest

from tests.factories.policy import NOTICE, approved, release
from tests.guard.policy.files import TODAY, change, compiled, faults_of
from vasistas.guard.policy import approvals, versions
from vasistas.guard.policy.faults import PolicyRefused


@pytest.fixture
def second(folder: Path) -> Path:
    """Version 1 is in force, and a draft protects more."""
    release(folder, today=TODAY)
    change(folder, "days_max = 30\n", "days_max = 20\n")
    return folder


def refused(folder: Path, *references: str) -> str:
    with pytest.raises(PolicyRefused) as caught:
        versions.release(
            folder,
            effective=None,
            today=TODAY,
            approved=lambda found: approved(found, references=references) if references else None,
        )
    assert versions.history(folder) == [1]
    return caught.value.faults[0].what


def test_the_second_version_is_refused_without_approvals(second: Path):
    assert refused(second).startswith("Version 2 cannot be released: nobody approved it.")


def test_one_person_who_approves_twice_is_one_person(second: Path):
    assert "fewer than 2 people approved it" in refused(second, "sam", "sam")
    assert "fewer than 2 people approved it" in refused(second, "sam")


def test_an_approval_of_other_files_counts_for_nothing(second: Path):
    earlier = versions.candidate(second, effective=None, today=TODAY)
    change(second, "days_max = 20\n", "days_max = 19\n")

    with pytest.raises(PolicyRefused, match="other files were approved"):
        versions.release(second, effective=None, today=TODAY, approved=lambda _found: approved(earlier))

    assert versions.history(second) == [1]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("policy.toml", "days_max = 20\n", "days_max = 20 # so\n"),
        ("clauses/en.md", "**30 days**", "**30  days**"),
    ],
)
def test_one_letter_more_is_another_hash(second: Path, file: str, old: str, new: str):
    before = versions.candidate(second, effective=None, today=TODAY).files_hash
    change(second, old, new, file=file)

    assert versions.candidate(second, effective=None, today=TODAY).files_hash != before


def test_another_day_is_another_hash(second: Path):
    days = [date(2026, 12, 1), date(2026, 12, 2)]

    assert len({versions.candidate(second, effective=day, today=TODAY).files_hash for day in days}) == 2


def test_a_release_shows_who_approved_and_the_compiler_holds_it_against_the_files(second: Path):
    policy = release(second, today=TODAY)

    found = versions.approvals_of(second, 2)
    assert compiled(second) == policy
    assert len(found.given) == 2
    assert {one.role for one in found.given} == {"staff"}
    assert "versions/2/approvals.json" in {str(one.relative_to(second)) for one in second.rglob("*") if one.is_file()}


def tamper(folder: Path, edit) -> None:
    """Edit the approvals of version 2 and its sums, as somebody would who has the folder but not the key."""
    snapshot = folder / "versions" / "2"
    file = snapshot / approvals.FILE
    said = json.loads(file.read_text())
    edit(said)
    file.write_text(json.dumps(said))
    (snapshot / versions.SUMS).write_text(versions._lines(versions._sums(snapshot)))


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda said: said["approvals"].pop(), "fewer than 2 people approved it"),
        (lambda said: said["approvals"][0].update(role="operator"), "the signature under its approvals does not hold"),
        (lambda said: said.update(released_at="2020-01-01T00:00:00+00:00"), "the signature under its approvals does"),
        (lambda said: said.update(version=3), "other files were approved"),
        (lambda said: said.update(files="0" * 64), "other files were approved"),
        (lambda said: said.pop("signature"), "its approvals cannot be read"),
        (lambda said: said.update(approvals=7), "its approvals cannot be read"),
        (lambda said: said.update(public_key="00"), "the signature under its approvals does not hold"),
    ],
)
def test_approvals_that_were_edited_are_refused_by_the_compiler(second: Path, edit, told: str):
    release(second, today=TODAY)
    tamper(second, edit)

    (fault,) = faults_of(second)
    assert str(fault).startswith(
        f"policy/versions/2/approvals.json:1: Version 2 was not released by two people: {told}"
    )


def test_a_version_without_its_approvals_is_refused_by_the_compiler(second: Path):
    release(second, today=TODAY)
    (second / "versions/2" / approvals.FILE).unlink()
    sums = second / "versions/2" / versions.SUMS
    sums.write_text("".join(line for line in sums.read_text().splitlines(keepends=True) if "approvals" not in line))

    (fault,) = faults_of(second)
    assert "nobody approved it" in fault.what


# -- When it may come into force ---------------------------------------------------------------------------------------


def test_a_widening_needs_time_to_be_told(folder: Path):
    release(folder, today=TODAY)
    change(folder, "days_max = 30\n", "days_max = 60\n")
    earliest = TODAY + NOTICE

    with pytest.raises(PolicyRefused) as caught:
        release(folder, today=TODAY, effective=date(2026, 12, 24))
    policy = release(folder, today=TODAY, effective=earliest)

    (fault,) = caught.value.faults
    assert fault.what.startswith("This widens what we may do (retention room_chat); 2026-12-24 is too soon")
    assert fault.remedy == f"Name a day from {earliest}."
    assert (policy.version, policy.effective) == (2, earliest)


def test_a_version_does_not_come_into_force_before_the_one_it_replaces(second: Path):
    release(second, today=TODAY, effective=date(2027, 3, 1))
    change(second, "days_max = 20\n", "days_max = 10\n")

    with pytest.raises(PolicyRefused, match="Version 2 comes into force on 2027-03-01, later than this"):
        release(second, today=TODAY, effective=date(2027, 2, 28))
    assert release(second, today=TODAY, effective=date(2027, 3, 1)).version == 3
