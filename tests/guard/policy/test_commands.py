"""`vasistas policy …` and `vasistas serve`, as an operator runs them."""

import csv
import io
import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from tests.guard.policy.files import change, copied

TODAY = datetime.now(UTC).date()
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    return copied(settings.POLICY, tmp_path)


def run(folder: Path, *words: str) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of `vasistas …` on a folder."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("VASISTAS_")}
    environment |= {"VASISTAS_POLICY": str(folder), "VASISTAS_DATA": str(folder.parent / "data")}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", "from vasistas.config.cli import main; main()", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_a_policy_is_checked_released_changed_and_compared(shipped: Path):
    code, told, wrong = run(shipped, "policy", "check")
    assert (code, wrong) == (0, "")
    assert told.startswith("Version 1, in force from ")
    assert told.endswith("clauses. No fault.\n")
    assert not (shipped.parent / "data").exists()  # no secrets of a site that is none

    code, told, wrong = run(shipped, "policy", "release", "--effective", TOMORROW.isoformat())
    assert (code, wrong) == (0, "")
    assert told == f"Version 1 is released, in force from {TOMORROW}: {shipped / 'versions'}.\n"

    change(shipped, "days_max = 365\n\n[retention.contract]", "days_max = 400\n\n[retention.contract]")
    code, told, wrong = run(shipped, "policy", "check")
    assert (code, told) == (1, "")
    assert "retention.staff_journal changed after version 1 was released." in wrong
    assert "Traceback" not in wrong

    code, told, wrong = run(shipped, "policy", "diff", "1", "draft")
    assert (code, wrong) == (0, "")
    assert told == "Version 1 → 1\n~ retention staff_journal  ! widening\n      days_max: 365 → 400\n"

    code, told, wrong = run(shipped, "policy", "release")
    assert (code, told) == (1, "")
    assert wrong == (
        "vasistas: Two of the staff approve version 2 on /staff/policy/; name the site's folder with --data.\n"
    )


def test_words_of_a_clause_are_compared_on_the_command_line(folder: Path):
    run(folder, "policy", "release")
    change(folder, "**30 days**", "**20 days**", file="clauses/en.md")

    code, told, _wrong = run(folder, "policy", "diff", "1", "draft")

    assert code == 0
    assert told.splitlines() == [
        "Version 1 → 1",
        "~ clause 6: Stored communications",
        "      Chat is deleted after **[-30-]{+20+} days**.",
    ]


def test_a_folder_that_cannot_be_written_is_told(folder: Path):
    (folder / "versions").write_text("in the way")

    code, told, wrong = run(folder, "policy", "release")

    assert (code, told) == (1, "")
    assert wrong.startswith(f"vasistas: {folder / 'versions'}")
    assert "cannot be written: " in wrong
    assert "Traceback" not in wrong


def test_a_version_that_is_not_there_is_told(folder: Path):
    code, told, wrong = run(folder, "policy", "diff", "1", "draft")

    assert (code, told, wrong) == (1, "", "vasistas: There is no version '1'. Released: none yet.\n")


def test_the_register_is_written_in_its_three_forms(shipped: Path):
    target = shipped.parent / "register.html"

    code, told, wrong = run(shipped, "policy", "register", "--out", str(target), "--language", "fr")
    assert (code, told, wrong) == (0, f"The register of version 1 stands in {target}.\n", "")
    assert "<h1>Registre des activités de traitement</h1>" in target.read_text()

    code, told, _wrong = run(shipped, "policy", "register", "--format", "jsonld")
    assert code == 0
    assert len(json.loads(told)["@graph"]) > 20

    code, told, _wrong = run(shipped, "policy", "register", "--format", "csv")
    assert code == 0
    assert len(list(csv.reader(io.StringIO(told)))) > 10


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--language", "de"), "vasistas: The policy speaks en, fr, not 'de'."),
        (
            ("--out", "/nowhere/register.html"),
            "vasistas: /nowhere/register.html cannot be written: No such file or dir",
        ),
    ],
)
def test_a_register_that_cannot_be_written_is_told(shipped: Path, words: tuple[str, ...], told: str):
    code, _out, wrong = run(shipped, "policy", "register", *words)

    assert code == 1
    assert wrong.startswith(told)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('after = "chat.Message', 'aftre = "chat.Message', "retention.room_chat.aftre is unknown. Use after."),
        ("version = 1", "version = one", "This is no TOML: Invalid value."),
    ],
)
def test_a_site_with_a_faulty_policy_does_not_start_and_says_why(shipped: Path, old: str, new: str, told: str):
    change(shipped, old, new)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    code, _out, wrong = run(shipped, "web", "--port", str(port), "--data", str(shipped.parent / "data"))

    assert code == 1
    assert wrong.startswith("vasistas: The policy is refused.\npolicy/policy.toml:")
    assert told in wrong
    assert "Traceback" not in wrong
    assert not (shipped.parent / "data" / "site.sqlite3").exists()  # nothing half-made


def test_the_second_version_is_released_with_the_approvals_of_its_site(shipped: Path):
    assert run(shipped, "policy", "release", "--effective", TODAY.isoformat())[0] == 0
    change(shipped, "days_max = 365\n\n[retention.contract]", "days_max = 300\n\n[retention.contract]")
    change(shipped, "version = 1\n", "version = 2\n")
    data = shipped.parent / "data"
    assert in_site(shipped, "prove.migrate()\napprove('Sam')").returncode == 0

    code, told, wrong = run(shipped, "policy", "release", "--data", str(data))
    assert (code, told) == (1, "")
    assert "Version 2 cannot be released: fewer than 2 people approved it." in wrong
    assert "Have two members of staff approve it on /staff/policy/" in wrong

    assert in_site(shipped, "approve('Lea')").returncode == 0
    code, told, wrong = run(shipped, "policy", "release", "--data", str(data))
    assert (code, wrong) == (0, "")
    assert told.startswith("Version 2 is released")
    code, told, wrong = run(shipped, "policy", "check")
    assert (code, wrong) == (0, "")
    assert told.startswith("Version 2, in force from ")


APPROVE = """
import django
django.setup()
from django.utils import timezone
from vasistas.apps.privacy import operations, queries
from vasistas.config.commands import prove
from vasistas.guard.purposes import processing
from vasistas.proof import scene

def approve(name):
    now = timezone.now()
    with processing("maintain", reason="a test"):
        member = scene.arrive(name, is_staff=True)
        found = queries.policy_candidate(now)
        operations.approve_policy(
            subject_id=member.subject_id, files_hash=found.files_hash, is_operator=False, at=now
        )

"""


def in_site(folder: Path, code: str) -> subprocess.CompletedProcess[bytes]:
    """Run code in the site beside a policy, as a page of it would."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("VASISTAS_")}
    environment |= {
        "VASISTAS_POLICY": str(folder),
        "VASISTAS_DATA": str(folder.parent / "data"),
        "DJANGO_SETTINGS_MODULE": "vasistas.config.settings",
    }
    return subprocess.run([sys.executable, "-c", APPROVE + code], env=environment, check=False, timeout=60)
