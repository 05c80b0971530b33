"""An erasure that is killed after any of its steps, for real, is finished by the worker's sweep of another process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.db import connections

from vasistas.apps.privacy.operations import erasing
from vasistas.guard.backups import databases

SITE = """
import django; django.setup()
from django.utils import timezone
from vasistas.config.commands import prove
from vasistas.guard.purposes import processing
from vasistas.proof import filled, scene
from vasistas.apps.accounts.models import Member
prove.migrate()
with processing("maintain", reason="a test"):
    vi = scene.arrive("Vi")
    filled.fill(vi, timezone.now())
    print(vi.subject_id)
"""
KILLED = """
import os, signal, sys, django; django.setup()
from django.utils import timezone
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.operations import erasing
subject_id, after = map(int, sys.argv[1:])
def killing(step):
    def run(case):
        step(case)
        os.kill(os.getpid(), signal.SIGKILL)
    return run
steps = list(erasing.STEPS)
steps[after] = killing(steps[after])
erasing.STEPS = tuple(steps)
operations.erase(subject_id=subject_id, at=timezone.now())
"""
FINISH = """
import json, sys, django; django.setup()
from django.utils import timezone
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import Erasure, Subject
from vasistas.guard import keyring
subject_id = int(sys.argv[1])
operations.finish_erasures(at=timezone.now())
again = operations.finish_erasures(at=timezone.now())
from vasistas.guard.purposes import processing
with processing("rights"):
    subject = Subject.objects.get(pk=subject_id)
    print(json.dumps({
        "state": subject.state,
        "rows": operations.rows_of(subject_id),
        "keys": keyring.destroy(subject.key_handle),
        "certificates": [operations.is_genuine(one.certificate) for one in Erasure.objects.all()],
        "lines": sum(json.loads(one.certificate)["rows_by_table"]["chat.Message"] for one in Erasure.objects.all()),
        "named": Erasure.objects.exclude(subject=None).count(),
        "again": again,
    }))
"""
DONE = {"state": "erased", "rows": {}, "keys": 0, "certificates": [True], "lines": 1, "named": 0, "again": 0}


@pytest.fixture
def site(tmp_path: Path, db: None) -> Iterator[Mapping[str, str]]:
    """The environment of a site of its own, on the engine of the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}
    data, keys = (databases.url_of(connections[alias].settings_dict) for alias in ("default", "keys"))
    with databases.scratch(data) as data_url, databases.scratch(keys) as keys_url:
        yield {
            **kept,
            "VASISTAS_DATA": str(tmp_path / "site"),
            "VASISTAS_DATABASE_URL": data_url,
            "VASISTAS_KEYS_DATABASE_URL": keys_url,
            "DJANGO_SETTINGS_MODULE": "vasistas.config.settings",
        }


def run(environment: Mapping[str, str], code: str, *words: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(line, env=dict(environment), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("after", range(len(erasing.STEPS)), ids=[step.__name__ for step in erasing.STEPS])
def test_killed_after_a_step_it_is_finished_by_the_next_sweep(site: Mapping[str, str], after: int) -> None:
    made = run(site, SITE)
    assert made.returncode == 0, made.stderr
    subject_id = made.stdout.split()[-1]

    assert run(site, KILLED, subject_id, after).returncode == -9

    finished = run(site, FINISH, subject_id)
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout.splitlines()[-1]) == DONE
