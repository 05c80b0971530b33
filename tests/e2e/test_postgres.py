"""The whole site on PostgreSQL, from its pool of connections to its proof."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.site import running
from tools import servers


def test_a_site_on_postgresql_answers_and_proves_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.postgres() as address:
        monkeypatch.setenv("VASISTAS_DATABASE_URL", address)
        with running(tmp_path / "site", "--hosts", "0") as site:
            pages = {path: httpx.get(site.url + path).status_code for path in ("/", "/rooms/reef/", "/privacy/proof/")}
            vasistas = str(Path(sys.executable).parent / "vasistas")
            env = {**os.environ, "VASISTAS_DATA": str(site.data)}
            proven = subprocess.run(
                [vasistas, "prove", "--json", "--clause", "0", "--skip-counterexamples"],
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
            verified = subprocess.run(
                [vasistas, "audit", "verify"], env=env, capture_output=True, text=True, check=False
            )
        log = site.log.read_text()

    assert pages == dict.fromkeys(pages, 200)
    (clause,) = json.loads(proven.stdout)["clauses"]
    assert [check["counts"]["violations"] for check in clause["checks"]] == [0] * len(clause["checks"])
    assert len(clause["checks"]) > 1
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "Traceback" not in log
