"""The worker: everything that runs without a request. One thread each, ended by one event."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from vasistas import media
from vasistas.apps.accounts import operations as accounts
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.rooms import tasks
from vasistas.config.commands import prove
from vasistas.guard import retention
from vasistas.guard.conformance import operations as conformance
from vasistas.guard.conformance import scratch
from vasistas.guard.conformance.report import CHECK_EVERY, COUNTEREXAMPLE_EVERY
from vasistas.guard.egress import endpoints
from vasistas.guard.purposes import processing
from vasistas.guard.reads import operations as reads
from vasistas.pages import policy_change
from vasistas.proof import drill

SWEEP_EVERY_S = 3600.0  # nothing outlives its retention by more than an hour
TELL_EVERY_S = 10.0  # who got something is told of its correction or erasure no later than this
BREATH_S = 0.25  # between two checks: SQLite lets whoever waits to write try every 0.1 s
SEAL_EVERY_S = 2.0  # what was read stands unsealed no longer than this
SEAL_AGAIN_S = 60.0  # after it failed: a key that is gone does not come back by itself
DRILL_AFTER_S = 1800.0  # a drill a day; it looks every hour whether one is due
POLICY_MAILS_EVERY_S = 60.0  # a batch of mails about a change of the policy
ERASE_EVERY_S = 30.0  # an erasure that was interrupted goes on by itself
TRY_OUT_LATER_S = 55.0  # after the first checks: the scratch site takes a processor for a while

BY_RULE = "rules"  # the policy's rules that count from a field

# What is erased by the clock. Each takes the present moment and returns how many rows went.
SWEEPS: dict[str, Callable[[datetime], int]] = {
    BY_RULE: lambda at: sum(swept.gone for swept in retention.sweep(at)),
    "accounts": accounts.forget_unverified,
    "sessions": accounts.forget_sessions,
    "reads": reads.forget_old,
    "requests.due": privacy.warn_of_due,  # deletes nothing: tells the operator of days that come near
}

logger = logging.getLogger(__name__)


def start(stop: threading.Event) -> list[threading.Thread]:
    """Start the loops of the worker; each ends soon after `stop` is set."""
    loops: dict[str, Callable[[], None]] = {
        "rooms.follow_media": lambda: tasks.follow_media(port=media.get_port(), stop=stop),
        "sweeps": lambda: sweep_hourly(SWEEPS, stop=stop, clock=timezone.now),
        "reads.seal": lambda: repeat(
            seal_reads,
            first_s=SEAL_EVERY_S,
            every_s=SEAL_EVERY_S,
            after_failure_s=SEAL_AGAIN_S,
            stop=stop,
            clock=timezone.now,
        ),
        "erasures": lambda: repeat(
            finish_erasures, first_s=SEAL_EVERY_S, every_s=ERASE_EVERY_S, stop=stop, clock=timezone.now
        ),
        "checks": lambda: repeat(
            run_checks,
            first_s=settings.PROVE_AFTER_S,
            every_s=CHECK_EVERY.total_seconds(),
            stop=stop,
            clock=timezone.now,
        ),
        "recipients": lambda: repeat(
            tell_recipients, first_s=TELL_EVERY_S, every_s=TELL_EVERY_S, stop=stop, clock=timezone.now
        ),
        "policy.notices": lambda: repeat(
            tell_of_policy, first_s=POLICY_MAILS_EVERY_S, every_s=POLICY_MAILS_EVERY_S, stop=stop, clock=timezone.now
        ),
        "egress.guard": lambda: repeat(
            guard_ways_out, first_s=SWEEP_EVERY_S, every_s=SWEEP_EVERY_S, stop=stop, clock=timezone.now
        ),
        "drills": lambda: repeat(
            drill.drill_when_due, first_s=DRILL_AFTER_S, every_s=SWEEP_EVERY_S, stop=stop, clock=timezone.now
        ),
        "counterexamples": lambda: repeat(
            run_counterexamples,
            first_s=settings.PROVE_AFTER_S + TRY_OUT_LATER_S,
            every_s=COUNTEREXAMPLE_EVERY.total_seconds(),
            stop=stop,
            clock=timezone.now,
        ),
    }
    threads = [threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops.items()]
    for thread in threads:
        thread.start()
    return threads


def sweep_hourly(
    sweeps: dict[str, Callable[[datetime], int]], *, stop: threading.Event, clock: Callable[[], datetime]
) -> None:
    """Run every sweep now and once an hour until `stop` is set. One that fails is logged and stops no other."""
    while not stop.is_set():
        for name, sweep in sweeps.items():
            close_old_connections()
            try:
                with processing("retention"):
                    rows = sweep(clock())
            except Exception:  # the loop outlives a database that is away for a moment
                logger.exception("worker.sweep_failed sweep=%s", name)
            else:
                logger.debug("worker.swept sweep=%s rows=%s", name, rows)
            finally:
                close_old_connections()
        stop.wait(SWEEP_EVERY_S)


def repeat(
    job: Callable[[datetime], None],
    *,
    first_s: float,
    every_s: float,
    stop: threading.Event,
    clock: Callable[[], datetime],
    after_failure_s: float | None = None,
) -> None:
    """Run a job `first_s` from now and every `every_s` after, until `stop` is set. A failure is logged, and the next
    run may wait longer for it.
    """
    wait_s = first_s
    while not stop.wait(wait_s):
        wait_s = every_s
        close_old_connections()
        try:
            job(clock())
        except Exception:  # a loop that ends would be a dead scheduler
            logger.exception("worker.job_failed job=%s", job.__name__)
            wait_s = after_failure_s or every_s
        finally:
            close_old_connections()


def seal_reads(at: datetime) -> None:
    reads.seal_pending(at=at)


def tell_recipients(at: datetime) -> None:
    """Send what recipients have to be told, and was not acknowledged yet."""
    privacy.send_notices(at=at)


def tell_of_policy(at: datetime) -> None:
    policy_change.tell_members(at)


def finish_erasures(at: datetime) -> None:
    privacy.finish_erasures(at=at)


def guard_ways_out(_at: datetime) -> None:
    """Look again who may be reached: transfer instruments expire while the process runs."""
    endpoints.arm()


def run_checks(at: datetime) -> None:
    conformance.run_checks(at, between=lambda: time.sleep(BREATH_S))


def run_counterexamples(at: datetime) -> None:
    conformance.keep_counterexamples(scratch.run_counterexamples(prove.scratch_command(), at), at)
