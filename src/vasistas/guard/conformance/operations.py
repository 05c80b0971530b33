"""Run the checks on this site, and keep what they found."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import Error as DatabaseError
from django.db import connections, transaction
from django.db.models import Max

from vasistas.guard import purposes
from vasistas.guard.conformance import registry
from vasistas.guard.conformance.models import DETAIL_CHARS_MAX, KEEP, Evidence
from vasistas.guard.conformance.registry import Check, Finding, NotApplicable, NotProven
from vasistas.guard.conformance.report import Planted, Seen, State

logger = logging.getLogger(__name__)


class TookTooLong(Exception):  # noqa: N818 — refusals read as facts
    """A check is past its time."""


def run_checks(
    now: datetime, keys: Collection[str] | None = None, *, between: Callable[[], None] = lambda: None
) -> None:
    """Run the checks (`keys`: only these) under the purpose `prove`, as one run in the read log, and keep the results.

    between: called after each check, when it holds no lock: many hold SQLite's only writer's lock, and without a pause
    those who serve people would wait for all of them.

    Raises: what the read log raises; then nothing is kept, and what was proven grows stale.
    """
    chosen = [one for key, one in registry.checks().items() if keys is None or key in keys]
    with purposes.scope(lambda: purposes.NOBODY), purposes.processing("prove"):
        rows = []
        for check in chosen:
            rows.append(look(check, now))
            between()
    _keep(rows, now)


def keep_counterexamples(results: Mapping[str, Planted], now: datetime) -> None:
    """Keep what counterexamples made of their checks."""
    names = {True: Evidence.Result.RED, False: Evidence.Result.GREEN, None: Evidence.Result.BROKEN}
    rows = [
        Evidence(
            key=key,
            sort=Evidence.Sort.COUNTEREXAMPLE,
            result=names[planted.is_red],
            at=planted.at,
            detail=planted.detail[:DETAIL_CHARS_MAX],
        )
        for key, planted in results.items()
    ]
    _keep(rows, now)


def keep_drill(key: str, seen: Seen) -> None:
    """Keep what a drill came to."""
    row = Evidence(
        key=key,
        sort=Evidence.Sort.DRILL,
        result=seen.state.value,
        at=seen.at,
        took_ms=seen.took_ms,
        counted=seen.counts.get("counted", 0),
        violations=seen.counts.get("violations", 0),
        detail=seen.detail[:DETAIL_CHARS_MAX],
    )
    _keep([row], seen.at)


def _keep(rows: list[Evidence], now: datetime) -> None:
    """Add the rows, and forget what is past its time and not the newest of its kind."""
    with transaction.atomic():
        Evidence.objects.bulk_create(rows)
        newest = Evidence.objects.values("sort", "key").annotate(newest=Max("pk")).values_list("newest", flat=True)
        Evidence.objects.filter(at__lt=now - KEEP).exclude(pk__in=list(newest)).delete()


def look(check: Check, now: datetime) -> Evidence:
    """Carry out one check. Whatever goes wrong in it is its result, not ours; texts of errors may name people, so only
    their kind and place are kept.
    """
    started = time.monotonic()
    try:
        with _limited(check.limit_s):
            found = check.look(now)
        state = State.HOLDS if found.ok else State.VIOLATED
    except NotApplicable as reason:
        state, found = State.NOT_APPLICABLE, Finding(ok=True, detail=str(reason))
    except NotProven as reason:
        state, found = State.UNPROVEN, Finding(ok=False, detail=str(reason))
    except Exception as error:  # noqa: BLE001 — a check that fails proves nothing, and stops no other
        is_late = isinstance(error, TookTooLong) or time.monotonic() - started > check.limit_s
        words = f"It took longer than {check.limit_s:g} s." if is_late else kind_and_place(error)
        state, found = State.UNPROVEN, Finding(ok=False, detail=words)
        logger.warning("conformance.check_failed check=%s reason=%s", check.key, words)
    return Evidence(
        key=check.key,
        sort=Evidence.Sort.CHECK,
        result=state.value,
        at=now,
        took_ms=round((time.monotonic() - started) * 1000),
        counted=found.counted,
        violations=found.violations,
        detail=found.detail[:DETAIL_CHARS_MAX],
    )


def kind_and_place(error: Exception) -> str:
    """`KeyError at mail.py:33`, the innermost line of ours."""
    place, here = "", sys.modules["vasistas"].__path__[0]
    traceback = error.__traceback__
    while traceback is not None:
        path = Path(traceback.tb_frame.f_code.co_filename)
        if path.is_relative_to(here):
            place = f" at {path.relative_to(here).as_posix()}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return f"{type(error).__name__}{place}"


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Refuse further queries after `seconds`, and interrupt one that is under way."""
    ends = time.monotonic() + seconds

    def refuse_late(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 — Django's signature
        if time.monotonic() > ends and not str(sql).startswith(("ROLLBACK", "RELEASE")):
            raise TookTooLong
        return execute(sql, params, many, context)

    used = connections.all()
    timer = threading.Timer(seconds, _interrupt, [used])
    timer.daemon = True
    for connection in used:
        connection.execute_wrappers.append(refuse_late)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        for connection in used:  # by name: Django's execute_wrapper() takes the last one away, which may be the gate
            connection.execute_wrappers.remove(refuse_late)


def _interrupt(used: list[Any]) -> None:
    """Stop the queries under way, from another thread: both drivers allow just this."""
    for connection in used:
        driver = connection.connection  # house: it asks for no row, it only ends what runs
        with suppress(DatabaseError, AttributeError):
            if connection.vendor == "sqlite":
                driver.interrupt()
            else:
                driver.cancel()
