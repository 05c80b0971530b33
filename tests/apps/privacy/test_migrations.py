"""A site older than the seals: its audit numbers are sealed where they are; on the way back they are opened."""

import os
import sqlite3
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

NUMBERS = [uuid.uuid4() for _ in range(3)]
OPEN = """
import django; django.setup()
from vasistas.apps.privacy.models import Subject
from vasistas.guard.purposes import processing
with processing("audit"):
    print(*(subject.audit_id for subject in Subject.objects.order_by("pk")))
"""


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}
    return {**kept, "VASISTAS_DATA": str(tmp_path / "site"), "DJANGO_SETTINGS_MODULE": "vasistas.config.settings"}


def run(site: dict[str, str], *words: str) -> str:
    done = subprocess.run([sys.executable, *words], env=site, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def migrate(site: dict[str, str], target: str) -> None:
    cli = "import sys; from vasistas.config import cli; cli.main(sys.argv[1:])"
    run(site, "-c", cli, "manage", "migrate", "privacy", target, "--skip-checks", "--verbosity", "0")


def test_open_audit_numbers_are_sealed_and_opened_again(site: dict[str, str]) -> None:
    migrate(site, "0001")
    with sqlite3.connect(Path(site["VASISTAS_DATA"]) / "site.sqlite3") as database:
        database.executemany(
            "INSERT INTO privacy_subject (kind, state, audit_id, created_at) VALUES ('member', 'active', ?, ?)",
            [(number.hex, "2026-11-01 00:00:00") for number in NUMBERS],
        )
    database.close()

    migrate(site, "0004")

    assert run(site, "-c", OPEN).split() == [str(number) for number in NUMBERS]
    rows = columns(site)
    assert all(number.hex not in str(row) and number.bytes not in row["audit_id"] for row in rows for number in NUMBERS)
    assert len({row["key_handle"] for row in rows} | {row["row_key"] for row in rows}) == 6

    migrate(site, "0001")

    assert [row["audit_id"] for row in columns(site)] == [number.hex for number in NUMBERS]


def test_the_triggers_of_consents_come_and_go_with_their_table(site: dict[str, str]) -> None:
    migrate(site, "0007")
    there = triggers(site)
    migrate(site, "0005")
    gone = triggers(site)
    migrate(site, "0007")

    assert there == triggers(site) == {"privacy_consent_no_delete", "privacy_consent_no_update"}
    assert gone == set()


def triggers(site: dict[str, str]) -> set[str]:
    database = sqlite3.connect(Path(site["VASISTAS_DATA"]) / "site.sqlite3")
    try:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    finally:
        database.close()


def columns(site: dict[str, str]) -> list[sqlite3.Row]:
    database = sqlite3.connect(Path(site["VASISTAS_DATA"]) / "site.sqlite3")
    database.row_factory = sqlite3.Row
    try:
        return database.execute("SELECT * FROM privacy_subject ORDER BY id").fetchall()
    finally:
        database.close()
