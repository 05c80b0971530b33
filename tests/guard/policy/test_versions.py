"""Versions are files: written once, compared with what is there, never edited, readable for ever."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.factories.policy import release
from tests.guard.policy.files import TODAY, change, compiled, faults_of
from vasistas.guard.policy import versions
from vasistas.guard.policy.faults import PolicyRefused

LATER = date(2027, 1, 1)


def released(folder: Path) -> None:
    release(folder, today=TODAY)


def test_the_first_release_freezes_the_files_as_version_1(folder: Path):
    before = (folder / "policy.toml").read_text()

    policy = release(folder, today=TODAY)

    assert (policy.version, policy.effective, policy.is_released) == (1, date(2026, 12, 1), True)
    assert compiled(folder) == policy
    assert (folder / "policy.toml").read_text() == before
    assert sorted(str(one.relative_to(folder)) for one in (folder / "versions").rglob("*") if one.is_file()) == [
        "versions/1/SHA256SUMS",
        "versions/1/clauses/en.md",
        "versions/1/clauses/fr.md",
        "versions/1/policy.toml",
    ]
    assert (folder / "versions" / "1" / "policy.toml").read_text() == before
    assert versions.history(folder) == [1]
    assert versions.get_version(folder, 1) == policy


def test_words_that_change_without_a_version_are_refused(folder: Path):
    released(folder)
    change(folder, "30 days", "300 days", file="clauses/en.md")

    (fault,) = faults_of(folder)
    assert str(fault) == (
        "policy/policy.toml:121: clauses.6 changed after version 1 was released. Write version = 2 and release it with "
        "`vasistas policy release`, or restore what stood here."
    )


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("days_max = 30\n", "days_max = 31\n", "retention.room_chat"),
        ('"chat.text_is_sealed"', '"chat.texts_are_sealed"', "clauses.6"),
        ("2026-12-01", "2026-12-02", "effective"),
        ('en = "14 days"', 'en = "15 days"', "cookies.sessionid"),
        ('name = "The authority"', 'name = "An authority"', "authority"),
        ('en = "Sealed"', 'en = "Locked"', "measures.sealing"),
    ],
)
def test_each_rule_that_changes_without_a_version_is_refused(folder: Path, old: str, new: str, where: str):
    released(folder)
    change(folder, old, new)

    assert [fault.what for fault in faults_of(folder)] == [f"{where} changed after version 1 was released."]


def test_a_part_that_is_removed_without_a_version_is_refused(folder: Path):
    released(folder)
    text = (folder / "policy.toml").read_text()
    (folder / "policy.toml").write_text(text[: text.index("[cookies.sessionid]")] + text[text.index("[clauses.0]") :])

    assert "cookies.sessionid changed after version 1 was released." in [fault.what for fault in faults_of(folder)]


def test_a_change_under_the_next_number_is_a_draft(folder: Path):
    released(folder)
    change(folder, "days_max = 30\n", "days_max = 20\n")
    change(folder, "version = 1", "version = 2")

    policy = compiled(folder)

    assert (policy.version, policy.is_released, policy.retention["room_chat"].days_max) == (2, False, 20)


def test_a_new_number_without_a_change_is_refused(folder: Path):
    released(folder)
    change(folder, "version = 1", "version = 2")

    assert [str(fault) for fault in faults_of(folder)] == [
        "policy/policy.toml:2: Version 2 says the same as version 1. Write version = 1, or change something first."
    ]


@pytest.mark.parametrize("number", [3, 12])
def test_a_number_that_leaves_a_gap_is_refused(folder: Path, number: int):
    released(folder)
    change(folder, "version = 1", f"version = {number}")

    assert [str(fault) for fault in faults_of(folder)] == [
        f"policy/policy.toml:2: The version is {number}, and the latest release is 1. Write version = 2."
    ]


def test_a_release_raises_the_number_and_the_day_by_itself(folder: Path):
    released(folder)
    change(folder, "days_max = 30\n", "days_max = 20\n")
    change(folder, "version = 1\n", "version = 1  # see versions/\n")

    policy = release(folder, effective=LATER, today=TODAY)

    assert (policy.version, policy.effective) == (2, LATER)
    assert compiled(folder) == policy
    assert (folder / "policy.toml").read_text().splitlines()[1:3] == [
        "version = 2  # see versions/",
        "effective = 2027-01-01",
    ]
    first = versions.get_version(folder, 1)
    assert first is not None
    assert (first.version, first.retention["room_chat"].days_max, first.is_released) == (1, 30, True)


def test_a_release_needs_a_change_and_writes_nothing_without(folder: Path):
    released(folder)

    with pytest.raises(PolicyRefused, match="Nothing has changed since version 1"):
        released(folder)

    assert versions.history(folder) == [1]


def test_a_release_of_a_policy_that_does_not_compile_writes_nothing(folder: Path):
    change(folder, 'reads = "published"', 'readz = "published"')
    before = (folder / "policy.toml").read_bytes()

    with pytest.raises(PolicyRefused, match=r"readz is unknown"):
        released(folder)

    assert (folder / "policy.toml").read_bytes() == before
    assert not (folder / "versions").exists()


def test_a_release_in_the_past_is_refused(folder: Path):
    with pytest.raises(PolicyRefused, match=r"2026-01-01 is over. Name a day from 2026-11-22."):
        release(folder, effective=date(2026, 1, 1), today=TODAY)


def test_a_release_that_crashed_half_way_is_completed_by_the_next(folder: Path):
    released(folder)
    change(folder, "days_max = 30\n", "days_max = 20\n")
    release(folder, today=TODAY)
    shutil.rmtree(folder / "versions" / "2")  # as if the machine stopped after policy.toml was replaced
    (folder / "versions" / ".2.tmp" / "clauses").mkdir(parents=True)

    assert compiled(folder).is_released is False
    policy = release(folder, today=TODAY)

    assert (policy.version, compiled(folder).is_released, versions.history(folder)) == (2, True, [1, 2])
    assert not (folder / "versions" / ".2.tmp").exists()


def test_a_past_version_that_was_edited_is_refused_and_named(folder: Path):
    released(folder)
    path = folder / "versions" / "1" / "clauses" / "en.md"
    path.write_text(path.read_text().replace("30 days", "300 days"))
    (folder / "versions" / "1" / "more.md").write_text("x")

    told = [(str(fault.file), fault.what) for fault in faults_of(folder) if "versions" in str(fault.file)]

    what = "The file is not as it was when version 1 was released."
    assert told == [("policy/versions/1/clauses/en.md", what), ("policy/versions/1/more.md", what)]


def test_a_past_version_that_is_missing_is_refused(folder: Path):
    released(folder)
    for days in (20, 10):
        change(folder, f"days_max = {days + 10}\n", f"days_max = {days}\n")
        released(folder)
    shutil.rmtree(folder / "versions" / "2")

    assert [str(fault) for fault in faults_of(folder)] == [
        "policy/versions/2:1: Version 2 is missing between the others. Restore it: what was in force stays to be read."
    ]


def test_what_is_no_version_among_the_versions_is_refused(folder: Path):
    released(folder)
    (folder / "versions" / "next").mkdir()

    assert [str(fault) for fault in faults_of(folder)] == [
        "policy/versions/next:1: This is no version. Move it elsewhere."
    ]


def test_a_version_whose_transfer_has_expired_since_stays_to_be_read(folder: Path):
    released(folder)

    assert any("expired" in fault.what for fault in faults_of(folder, today=date(2028, 1, 1)))
    first = versions.get_version(folder, 1)
    assert first is not None
    assert first.recipients["overseas"].expires == date(2027, 6, 30)


def test_there_is_no_version_of_another_number(folder: Path):
    released(folder)

    assert versions.get_version(folder, 2) is None
    assert versions.get_version(folder, 0) is None
