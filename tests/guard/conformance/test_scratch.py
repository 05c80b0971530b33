"""What a counterexample makes of its check, and a scratch site that knows nothing of its parent."""

import json
import sys
from pathlib import Path

import pytest

from tests.guard.conformance.conftest import KEY, NOW
from vasistas.guard.conformance import registry, scratch
from vasistas.guard.conformance.registry import Finding, NotProven
from vasistas.guard.conformance.report import Planted


@pytest.mark.django_db
def test_green_then_red_is_red(checked):
    assert scratch.try_out(KEY, NOW) == (True, "rooms.Room")


@pytest.mark.django_db
def test_a_check_that_sees_nothing_is_found_out(checked):
    checked.answer = lambda: Finding(ok=True)

    is_red, detail = scratch.try_out(KEY, NOW)

    assert is_red is False
    assert detail.startswith("The violation was planted, and it stayed HOLDS")


@pytest.mark.django_db
def test_a_check_that_is_always_red_tells_nothing(checked):
    checked.wrong.append("chat.Message")

    assert scratch.try_out(KEY, NOW) == (None, "The clean scene is VIOLATED: chat.Message")


@pytest.mark.django_db
def test_a_check_that_breaks_on_the_plant_has_not_found_it(checked, monkeypatch):
    def break_it(_now):
        def answer():
            raise NotProven("The page does not answer.")

        checked.answer = answer

    monkeypatch.setitem(registry.plants(), KEY, break_it)

    expected = (None, "With the violation planted it could not be carried out: The page does not answer.")
    assert scratch.try_out(KEY, NOW) == expected


@pytest.mark.django_db
def test_a_plant_that_fails_is_no_proof(checked, monkeypatch):
    def fail(_now):
        raise ZeroDivisionError

    monkeypatch.setitem(registry.plants(), KEY, fail)

    is_red, detail = scratch.try_out(KEY, NOW)

    assert is_red is None
    assert detail.startswith("Planting failed: ZeroDivisionError")


def test_a_check_without_counterexample_is_told(checked, monkeypatch):
    monkeypatch.setattr(registry, "_plants", {})

    assert scratch.try_out(KEY, NOW) == (None, "It has no counterexample.")
    assert scratch.try_out("test.none", NOW) == (None, "There is no such check.")


# -- The child process -------------------------------------------------------------------------------------------------


TELL = """
import json, os
print(json.dumps({"key": "test.one", "is_red": None, "detail": json.dumps(dict(os.environ))}))
"""
HANG = """
import os, time
print('{"key": "test.two", "is_red": true, "detail": ""}', flush=True)
os.fork()
time.sleep(600)
"""


def child(source: str) -> list[str]:
    return [sys.executable, "-c", source]


def test_the_scratch_site_knows_none_of_our_secrets(checked, monkeypatch):
    monkeypatch.setenv("VASISTAS_SECRET_KEY", "x" * 40)
    monkeypatch.setenv("VASISTAS_DATABASE_URL", "postgresql://ada@localhost/live")

    told = json.loads(scratch.run_counterexamples(child(TELL), NOW)[KEY].detail)

    assert {name for name in told if name.startswith("VASISTAS_")} == {
        "VASISTAS_DATA",
        "VASISTAS_GATE_MODE",
        "VASISTAS_LOG_LEVEL",
        "VASISTAS_MEDIA_NODE_URL",
        "VASISTAS_PAYMENT_PROVIDERS",
        "VASISTAS_POLICY",
        "VASISTAS_POLICY_IN_FORCE",
        "VASISTAS_SANDBOX_PAYMENTS_URL",
    }
    assert "x" * 40 not in told.values()
    assert not Path(told["VASISTAS_DATA"]).parent.exists()


def test_a_scratch_site_that_ends_early_has_proven_nothing(checked):
    found = scratch.run_counterexamples(child("raise SystemExit('no disk space left')"), NOW)

    assert found == {KEY: Planted(None, NOW, "The scratch site ended before. no disk space left")}


def test_a_scratch_site_that_hangs_is_ended_with_all_it_forked(checked):

    found = scratch.run_counterexamples(child(HANG), NOW, limit_s=1.0)

    assert found == {
        "test.two": Planted(is_red=True, at=NOW),
        KEY: Planted(None, NOW, "The scratch site ended before."),
    }
