"""The worker: everything that runs without a request. One thread each, ended by one event."""

import functools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from vasistas import media
from vasistas.apps.accounts import operations as accounts
from vasistas.apps.bulletins import operations as bulletins
from vasistas.apps.bulletins import tasks as bulletins_tasks
from vasistas.apps.bulletins.operations import texting
from vasistas.apps.payouts import tasks as payouts
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.purchases import tasks as purchases
from vasistas.apps.rooms import tasks
from vasistas.apps.safety import operations as safety
from vasistas.apps.shows import tasks as shows_tasks
from vasistas.apps.support import operations as support
from vasistas.apps.support import tasks as support_tasks
from vasistas.config import receiving
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
LIFT_EVERY_S = 30.0  # a suspension is over no later than this after its end
PAYOUTS_EVERY_S = 60.0  # a run that was interrupted goes on; a share that was announced begins to count
TRY_OUT_LATER_S = 55.0  # after the first checks: the scratch site takes a processor for a while

BY_RULE = "rules"  # the policy's rules that count from a field

# What is erased by the clock. Each takes the present moment and returns how many rows went.
SWEEPS: dict[str, Callable[[datetime], int]] = {
    BY_RULE: lambda at: sum(swept.gone for swept in retention.sweep(at)),
    "accounts": accounts.forget_unverified,
    "contacts": bulletins.forget_unconfirmed,
    "sessions": accounts.forget_sessions,
    "reads": reads.forget_old,
    "sms": texting.forget_texts,
    "support": support.close_forgotten,  # deletes nothing: from there on the period of keeping runs
    "requests.due": privacy.warn_of_due,  # deletes nothing: tells the operator of days that come near
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """Runs first_s after the start, then every_s; after_failure_s: the pause after a failure, if another."""

    run: Callable[[datetime], None]
    every_s: float
    first_s: float
    after_failure_s: float | None = None


def jobs() -> dict[str, Job]:
    """What runs by the clock, by name; built when the worker starts, for settings may say when."""
    return {
        "shows": Job(shows_tasks.Clock().tick, shows_tasks.TICK_EVERY_S, shows_tasks.TICK_EVERY_S),
        "reads.seal": Job(seal_reads, SEAL_EVERY_S, SEAL_EVERY_S, SEAL_AGAIN_S),
        "erasures": Job(finish_erasures, ERASE_EVERY_S, SEAL_EVERY_S),
        "checks": Job(run_checks, CHECK_EVERY.total_seconds(), settings.PROVE_AFTER_S),
        "recipients": Job(tell_recipients, TELL_EVERY_S, TELL_EVERY_S),
        "policy.notices": Job(tell_of_policy, POLICY_MAILS_EVERY_S, POLICY_MAILS_EVERY_S),
        "payouts": Job(payouts.go_on, PAYOUTS_EVERY_S, PAYOUTS_EVERY_S),
        "bulletins": Job(bulletins_tasks.send, bulletins_tasks.SEND_EVERY_S, bulletins_tasks.SEND_EVERY_S),
        "support.read": Job(support_tasks.read, support_tasks.READ_EVERY_S, support_tasks.READ_EVERY_S),
        "support.send": Job(support_tasks.send, support_tasks.SEND_EVERY_S, support_tasks.SEND_EVERY_S),
        "imap": Job(receiving.poll, receiving.POLL_EVERY_S, receiving.POLL_EVERY_S),
        "support.probe": Job(support_tasks.probe, support_tasks.PROBE_EVERY_S, support_tasks.PROBE_FIRST_S),
        "safety": Job(lift_suspensions, LIFT_EVERY_S, LIFT_EVERY_S),
        "purchases": Job(purchases.follow_payments, purchases.FOLLOW_EVERY_S, purchases.FOLLOW_EVERY_S),
        "egress.guard": Job(guard_ways_out, SWEEP_EVERY_S, SWEEP_EVERY_S),
        "drills": Job(drill.drill_when_due, SWEEP_EVERY_S, DRILL_AFTER_S),
        "counterexamples": Job(
            run_counterexamples, COUNTEREXAMPLE_EVERY.total_seconds(), settings.PROVE_AFTER_S + TRY_OUT_LATER_S
        ),
    }


def start(stop: threading.Event) -> list[threading.Thread]:
    """Start the loops of the worker; each ends soon after `stop` is set."""
    loops: dict[str, Callable[[], None]] = {
        "rooms.follow_media": lambda: tasks.follow_media(port=media.get_port(), stop=stop),
        "sweeps": lambda: sweep_hourly(SWEEPS, stop=stop, clock=timezone.now),
    }
    loops |= {name: functools.partial(repeat, job, stop=stop, clock=timezone.now) for name, job in jobs().items()}
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


def repeat(job: Job, *, stop: threading.Event, clock: Callable[[], datetime]) -> None:
    """Run a job until `stop` is set. A failure is logged, and the next run may wait longer for it."""
    wait_s = job.first_s
    while not stop.wait(wait_s):
        wait_s = job.every_s
        close_old_connections()
        try:
            job.run(clock())
        except Exception:  # a loop that ends would be a dead scheduler
            logger.exception("worker.job_failed job=%s", job.run.__name__)
            wait_s = job.after_failure_s or job.every_s
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


def lift_suspensions(at: datetime) -> None:
    with processing("safety"):
        safety.lift_ended(at)


def guard_ways_out(_at: datetime) -> None:
    """Look again who may be reached: transfer instruments expire while the process runs."""
    endpoints.arm()


def run_checks(at: datetime) -> None:
    conformance.run_checks(at, between=lambda: time.sleep(BREATH_S))


def run_counterexamples(at: datetime) -> None:
    conformance.keep_counterexamples(scratch.run_counterexamples(prove.scratch_command(), at), at)
