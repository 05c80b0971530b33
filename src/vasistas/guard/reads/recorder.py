"""What one request or run reads: noted as it happens, written down at its end, or nothing leaves.

Who reads is asked at the end, when it is known. Noting stands in the way of every row, so it only takes a value out of
each; `gathered` finds the subjects behind them.
"""

import logging
from collections.abc import Callable, KeysView, Mapping, Sequence
from typing import Any

from django.db import models
from django.utils import timezone

from vasistas.guard import purposes, restriction
from vasistas.guard.policy.model import Reads
from vasistas.guard.purposes import NO_SLOT, Frame, Scope, Silent, Slot
from vasistas.guard.reads import entries, rows
from vasistas.guard.reads.gathered import Key, Noted, Query, drafts, readable_tables
from vasistas.lib.errors import DomainError

READ_QUERIES_MAX = 256  # distinct queries noted in one scope before they are
LAYOUTS_MAX = 512  # distinct statements × models × columns in one scope

logger = logging.getLogger(__name__)


class ReadLogUnavailable(DomainError):  # noqa: N818 — see lib.errors
    """What was read could not be written down, so it must not leave."""

    status = 503
    code = "reads.unavailable"

    def __init__(self) -> None:
        super().__init__("The read log cannot be written, so nothing is shown. Try again in a minute.")


# Statement, model, fields; the attributes its row must have; where it is noted, and what of the row.
type Opened = tuple[
    Frame | None, type[models.Model] | None, tuple[str, ...], KeysView[str], list[Any], Callable[[Any], Any]
]
type Layout = tuple[list[Any] | None, Callable[[Any], Any]]  # where rows go, None for nowhere; what of each


NOTHING_OPENED: Opened = (None, None, (), {}.keys(), [], lambda _row: None)


class Recorder:
    """Implements purposes.Recorder for one scope. Not shared between threads."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._slots: dict[type[models.Model], Slot] = {}
        self._layouts: dict[tuple[int, type[models.Model], tuple[str, ...]], tuple[Frame, Layout]] = {}
        self.slot: Slot = NO_SLOT  # of the latest row
        self._opened: Opened = NOTHING_OPENED  # of the latest seal
        self._noted = Noted()
        # The latest query, and the tables it shows whose rows have not shown up yet.
        self._latest: tuple[Frame, Query, set[str]] | None = None

    # -- Noting -------------------------------------------------------------------------------------------------------

    def note_row(self, frame: Frame, model: type[models.Model], row: Any, fields: tuple[str, ...]) -> None:
        """Note fields of a row that is in memory already: its seal was opened.

        Raises: ReadLogUnavailable: there is no room for it, and what was noted cannot be written down.
        """
        if not frame.purpose.notes_rows:
            return
        stands = row.__dict__
        latest, known_model, known_fields, attributes, bucket, pick = self._opened
        if latest is not frame or known_model is not model or known_fields != fields or not attributes <= stands.keys():
            attributes, bucket, pick = self._opened_of(frame, model, fields, stands)
            self._opened = frame, model, fields, attributes, bucket, pick
        bucket.append(pick(stands))
        if len(bucket) >= rows.READ_ROWS_MAX:
            self.spill()

    def _opened_of(
        self, frame: Frame, model: type[models.Model], fields: tuple[str, ...], stands: Mapping[str, Any]
    ) -> Any:
        plan = rows.plan_of(model)
        there = {name: name for name in (plan.key, plan.hop) if name in stands}
        pick, by_key = rows.picker(plan, there)
        return there.keys(), self._bucket(frame, plan, fields, by_key=by_key), pick or _ignore

    def note_query(self, frame: Frame, columns: frozenset[tuple[str, str]], sql: Any) -> None:
        """Note a query before it runs. columns: the personal ones it names, as (table, column). sql: its text."""
        self._latest = None
        reads = frame.purpose.reads
        if not columns or (reads is not Reads.EACH and reads is not Reads.RUN):
            return
        text = str(sql)
        if _only_writes(text):
            return
        if len(self._noted.queries) >= READ_QUERIES_MAX:
            self.spill()
        self._noted.purposes[frame.purpose.key] = frame.purpose
        query = self._noted.queries.setdefault((frame.purpose.key, frame.reason, text), Query(columns))
        query.runs += 1
        self._latest = frame, query, readable_tables(columns)

    def slot_of(self, frame: Frame, model: type[models.Model], names: Sequence[str]) -> Slot:
        """Where a row that loads is noted; becomes `slot`. names: its columns, one object for all rows of a query."""
        slot = self._slots.get(model, NO_SLOT)
        if slot[0] is not names or slot[1] is not frame:  # another query than the latest on this model
            if slot[1] is frame and slot[0] == names:
                bucket, pick = slot[3], slot[4]
            else:
                bucket, pick = self._layout_of(frame, model, tuple(names))
            if bucket is not None and self._latest is not None:
                self._tell_by_rows(frame, rows.plan_of(model))
            slot = self._slots[model] = (names, frame, model, bucket, pick)
        self.slot = slot
        return slot

    def _layout_of(self, frame: Frame, model: type[models.Model], names: tuple[str, ...]) -> Layout:
        """The same for all queries of these columns in one statement; keeps the frame, so that its id stays its own."""
        key = (id(frame), model, names)
        known = self._layouts.get(key)
        if known is None:
            plan = rows.plan_of(model)
            mask = tuple(plan.personal[name] for name in names if name in plan.personal)
            pick, by_key = rows.picker(plan, {name: place for place, name in enumerate(names)})
            bucket = self._bucket(frame, plan, mask, by_key=by_key) if mask else None
            if len(self._layouts) >= LAYOUTS_MAX:
                self._layouts.clear()
            known = self._layouts[key] = (frame, (bucket, pick or _ignore))
        return known[1]

    def _tell_by_rows(self, frame: Frame, plan: rows.Plan) -> None:
        """The latest query is told by its rows once rows of all tables that it shows have come: what it filters by, or
        shows beside them, of other people's is told by the query itself.
        """
        if self._latest is None or self._latest[0] is not frame:
            return
        _frame, query, tables = self._latest
        tables.discard(plan.table)
        if not tables:
            query.runs_with_rows += 1
            self._latest = None

    def _bucket(self, frame: Frame, plan: rows.Plan, mask: tuple[str, ...], *, by_key: bool) -> list[Any]:
        self._noted.purposes[frame.purpose.key] = frame.purpose
        return self._noted.rows.setdefault(Key(frame.purpose.key, frame.reason, plan.model, mask, by_key), [])

    # -- Writing down -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Write all of it down.

        Raises: ReadLogUnavailable: it cannot be; then nothing of it is written, and the data must not leave.
        """
        self._write(is_run=False)

    def spill(self) -> None:
        """Write down as a run what was noted so far. Slots stay: their lists are emptied, not replaced.

        Raises: ReadLogUnavailable.
        """
        self._write(is_run=True)

    def _write(self, *, is_run: bool) -> None:
        if not self._noted:
            return
        try:
            with purposes.scope(lambda: purposes.NOBODY) as own:
                own.recorder = _SILENT  # a log of writing the log would never end
                actor = self._scope.actor()
                with purposes.processing("audit"):
                    if written := drafts(self._noted, actor, is_run=is_run):
                        entries.write(written, at=timezone.now())
        except Exception as error:  # whatever it is: no log, no data
            logger.error("reads.unavailable error=%s", type(error).__name__)  # noqa: TRY400 — its text may hold values
            raise ReadLogUnavailable from error
        self._noted.clear()
        self._latest = None


_SILENT = Silent()  # the recorder of the recorder


def _ignore(_value: Any) -> None:
    return None


def _only_writes(sql: str) -> bool:
    text = restriction.unguarded(sql).lstrip()
    return text[:6].upper() in {"INSERT", "UPDATE", "DELETE"} and not any(
        word in text.upper() for word in ("SELECT ", "RETURNING ")
    )
