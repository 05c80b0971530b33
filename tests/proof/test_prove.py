"""`vasistas prove`: on an empty folder, on a site with a violation in it, in text and in JSON."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

VASISTAS = str(Path(sys.executable).parent / "vasistas")
TIMEOUT_S = 120


def prove(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}
    return subprocess.run(
        [VASISTAS, "prove", "--data", str(data), *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env={**env, "VASISTAS_GATE_MODE": "enforce"},
    )


def clause_0(data: Path, *arguments: str) -> dict[str, Any]:
    done = prove(data, "--clause", "0", "--json", *arguments)
    assert (done.stderr, done.stdout != "") == ("", True)
    [clause] = json.loads(done.stdout)["clauses"]
    assert done.returncode == (0 if clause["state"] == "HOLDS" else 1)
    return clause


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """An empty folder in which clause 0 was proven, and what was said of it."""
    data = tmp_path_factory.mktemp("site") / "data"
    return data, clause_0(data)


def test_an_empty_folder_gets_its_tables_and_a_clause_that_is_all_checks_holds(proven):
    data, clause = proven

    assert (clause["clause"], clause["title"], clause["kind"]) == ("0", "Data covered", "executable")
    assert clause["state"] == "HOLDS"
    assert clause["awaits"] == []
    assert [path.name for path in [data, *data.rglob("*")] if path.stat().st_mode & 0o077] == []


def test_each_check_tells_its_state_the_age_of_its_evidence_and_what_its_counterexample_did(proven):
    _, clause = proven

    assert {check["check"] for check in clause["checks"]} == {
        "data.fields_are_declared",
        "data.columns_are_declared",
        "data.no_card_numbers",
        "data.passwords_are_argon2",
        "retention.nothing_outlives_its_time",
    }
    for check in clause["checks"]:
        assert (check["state"], check["why"], check["counterexample_red"]) == ("HOLDS", "passed", True)
        assert 0 <= check["evidence_age_s"] < TIMEOUT_S
        assert 0 <= check["counterexample_age_s"] < TIMEOUT_S
        assert set(check["counts"]) == {"counted", "violations"}


def test_a_violation_on_the_site_turns_its_clause_red_and_mending_it_green(proven):
    data, _ = proven
    with closing(sqlite3.connect(data / "site.sqlite3")) as site, site:
        site.execute("CREATE TABLE newsletter_readers (mail text)")
    broken = clause_0(data, "--skip-counterexamples")
    with closing(sqlite3.connect(data / "site.sqlite3")) as site, site:
        site.execute("DROP TABLE newsletter_readers")

    assert broken["state"] == "VIOLATED"
    assert [(check["check"], check["detail"]) for check in broken["checks"] if check["state"] == "VIOLATED"] == [
        ("data.columns_are_declared", "newsletter_readers")
    ]
    assert clause_0(data, "--skip-counterexamples")["state"] == "HOLDS"


def test_without_counterexamples_nothing_is_proven(tmp_path):
    clause = clause_0(tmp_path / "data", "--skip-counterexamples")

    assert clause["state"] == "UNPROVEN"
    assert {check["why"] for check in clause["checks"]} == {"untested"}


def test_text_says_clause_by_clause_what_is_missing(proven):
    data, _ = proven

    done = prove(data, "--skip-counterexamples")

    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0].startswith("Policy version 1")
    assert " 0  HOLDS           Data covered: 5 of 5 checks hold" in lines
    assert any(line.startswith(" 5  UNPROVEN        Security:") for line in lines)
    assert "      awaits the breach clock" in lines
    assert len([line for line in lines if line[:2].strip() and line[2:4] == "  "]) == 12


def test_a_clause_that_awaits_something_is_no_success(proven):
    done = prove(proven[0], "--clause", "5", "--skip-counterexamples")

    assert done.returncode == 1
    assert done.stdout.splitlines()[1].startswith(" 5  UNPROVEN")
    assert done.stdout.splitlines()[-1] == "      awaits the breach clock"


def test_a_clause_the_policy_has_not_is_refused_in_one_line(proven):
    done = prove(proven[0], "--clause", "11")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "vasistas: The policy has no clause '11'; it has 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, M.\n"


def test_a_site_is_never_made_a_scratch_site(proven):
    done = prove(proven[0], "--scratch", "data.columns_are_declared")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "vasistas: A scratch site is started by `vasistas prove` itself, in a folder of its own.\n"


def test_a_database_of_another_release_is_refused_in_one_line(tmp_path):
    data = tmp_path / "data"
    assert prove(data, "--clause", "3", "--skip-counterexamples").returncode == 1
    with closing(sqlite3.connect(data / "site.sqlite3")) as site, site:
        site.execute("DELETE FROM django_migrations WHERE app = 'conformance'")

    done = prove(data, "--clause", "3")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "vasistas: The database is not of this release; start the site once, or migrate it.\n"
