"""An erasure that is killed after any of its steps, for real, is finished by the worker's sweep of another process."""

import json
import os
import signal
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
from vasistas.config.commands import prove
prove.migrate()
"""
KILLED = """
import os, signal, sys, django; django.setup()
from django.utils import timezone
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.operations import erasing
from vasistas.guard.purposes import processing
from vasistas.proof import filled, scene
with processing("maintain", reason="a test"):
    vi = scene.arrive("Vi " + sys.argv[1])
    filled.fill(vi, timezone.now())
print(vi.subject_id, flush=True)
def killing(step):
    def run(case):
        step(case)
        os.kill(os.getpid(), signal.SIGKILL)
    return run
steps = list(erasing.STEPS)
after = int(sys.argv[1])
steps[after] = killing(steps[after])
erasing.STEPS = tuple(steps)
operations.erase(subject_id=vi.subject_id, at=timezone.now())
"""
FINISH = """
import json, sys, django; django.setup()
from django.utils import timezone
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import Erasure, Subject
from vasistas.guard import keyring
from vasistas.guard.purposes import processing
before = operations.finish_erasures(at=timezone.now()), operations.finish_erasures(at=timezone.now())
with processing("rights"):
    found = [Subject.objects.get(pk=number) for number in sys.argv[1:]]
    certificates = [one.certificate for one in Erasure.objects.all()]
    print(json.dumps({
        "finished": before,
        "states": [one.state for one in found],
        "rows": [operations.rows_of(one.pk) for one in found],
        "keys": [keyring.destroy(one.key_handle) for one in found],
        "genuine": [operations.is_genuine(one) for one in certificates],
        "lines": [json.loads(one)["rows_by_table"]["chat.Message"] for one in certificates],
        "still named": Erasure.objects.exclude(subject=None).count(),
    }))
"""


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


def test_killed_after_any_step_it_is_finished_by_the_next_sweep(site: Mapping[str, str]) -> None:
    made = run(site, SITE)
    assert made.returncode == 0, made.stderr
    steps = range(len(erasing.STEPS))

    killed = [run(site, KILLED, after) for after in steps]
    assert [one.returncode for one in killed] == [-signal.SIGKILL for _ in steps], killed[0].stderr

    finished = run(site, FINISH, *(one.stdout.split()[0] for one in killed))
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout.splitlines()[-1]) == {
        "finished": [len(steps), 0],
        "states": ["erased" for _ in steps],
        "rows": [{} for _ in steps],
        "keys": [0 for _ in steps],
        "genuine": [True for _ in steps],
        "lines": [1 for _ in steps],
        "still named": 0,
    }
