"""Why personal data is touched: stated in code before any query, checked by the gate, kept by the read log.

There is no default. Without a statement a query on personal data is refused (guard/gate.py). The statement is a context
variable: it holds for the block and all it calls in the same thread. Threads and tasks start with nothing stated; they
state their own purpose, or take their caller's along (`statement()`, `resumed()`).
"""

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol

from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Policy, Purpose

REASON_CHARS_MAX = 200


class GuardError(RuntimeError):
    """Code touched personal data in a way the policy does not allow. A fault of the code, not of its caller."""


class PurposeUnknown(GuardError):  # noqa: N818 — refusals read as facts
    """The policy has no purpose of this key."""


class ReasonMissing(GuardError):  # noqa: N818 — see above
    """The purpose needs a reason: a case, a ticket, a command."""


@dataclass(frozen=True)
class Actor:
    """Who reads. kind: visitor, member, staff, worker, operator. subject_id: of a member or staff, else None."""

    kind: str
    subject_id: int | None = None


NOBODY = Actor("worker")


# Where the rows of one query are noted: its columns, as the one list that all its rows share; under which statement;
# of which model; the list they go to, None for nowhere; what is taken out of each.
type Slot = tuple[
    Sequence[str] | None, "Frame | None", type[Any] | None, list[Any] | None, Callable[[Sequence[Any]], Any]
]


class Recorder(Protocol):
    """Keeps what was read in one scope until it is written down; the read log provides it."""

    slot: Slot

    def slot_of(self, frame: "Frame", model: type[Any], names: Sequence[str]) -> Slot: ...

    def spill(self) -> None: ...

    def note_row(self, frame: "Frame", model: type[Any], row: Any, fields: tuple[str, ...]) -> None: ...

    def note_query(self, frame: "Frame", columns: frozenset[tuple[str, str]], sql: str) -> None: ...

    def close(self) -> None:
        """Write all of it down. Raises: whatever keeps it from being written; then the data must not leave."""


def _nothing(_values: Sequence[Any]) -> None:
    return None


NO_SLOT: Slot = (None, None, None, None, _nothing)


class Silent:
    """Keeps nothing: where the read log writes itself, or does not stand yet."""

    slot: Slot = NO_SLOT

    def slot_of(self, *_noted: Any) -> Slot:
        return NO_SLOT

    def spill(self) -> None: ...

    def note_row(self, *_noted: Any) -> None: ...

    def note_query(self, *_noted: Any) -> None: ...

    def close(self) -> None: ...


@dataclass
class Scope:
    """Reads that are written down together: a request, a run of a job, or one block outside of both."""

    actor: Callable[[], Actor]
    recorder: Recorder | None = None

    def recording(self) -> Recorder | None:
        if self.recorder is None and _make_recorder is not None:
            self.recorder = _make_recorder(self)
        return self.recorder

    def close(self) -> None:
        recorder, self.recorder = self.recorder, None
        if recorder is not None:
            recorder.close()


@dataclass(frozen=True)
class Frame:
    """One statement in force."""

    purpose: Purpose
    reason: str
    scope: Scope


_frame: ContextVar[Frame | None] = ContextVar("vasistas_purpose", default=None)
_scope: ContextVar[Scope | None] = ContextVar("vasistas_scope", default=None)
_make_recorder: Callable[[Scope], Recorder] | None = None


def record_with(make: Callable[[Scope], Recorder] | None) -> None:
    """Set who keeps what is read, once, when the read log is ready."""
    global _make_recorder  # noqa: PLW0603 — set once at start-up, by the app that may not be imported from here
    _make_recorder = make


# The statement in force here, or None: then no personal data may be touched. Asked for every row: no call of ours.
current: Callable[[], Frame | None] = _frame.get


@dataclass
class processing(ContextDecorator):  # noqa: N801 — read as a statement: with processing("chat"): …
    """State a purpose for a block or a function. An inner statement replaces the outer one until it ends.

    Not around a `yield`: what is stated there holds for whoever asks for the next value.
    Raises: PurposeUnknown, ReasonMissing: on entry; nothing was touched. GuardError: on leaving, when another block has
    begun and not ended; nothing is stated any more. What the read log raises: on leaving, when the block is its own
    scope and what it read cannot be written down.
    Source: GDPR Art. 5(1)(b), purpose limitation.
    """

    key: str
    reason: str = ""
    _entered: list[tuple[Token[Frame | None], Frame, Scope | None]] = field(
        default_factory=list, init=False, repr=False
    )

    def _recreate_cm(self) -> "processing":
        return processing(self.key, self.reason)  # a decorated function may run in many threads at once

    def __call__[Func: Callable[..., Any]](self, func: Func) -> Func:
        if inspect.isgeneratorfunction(func) or inspect.iscoroutinefunction(func):
            raise GuardError(
                f"{func.__qualname__} runs after this decorator has ended: state the purpose around its use."
            )
        stating = super().__call__(func)
        vars(stating)["purpose_stated"] = self.key  # what wraps it carries it outward, for guard/views.py
        return stating

    def __enter__(self) -> Frame:
        outer = _scope.get()
        scope = outer or Scope(actor=lambda: NOBODY)
        frame = _framed(self.key, self.reason, scope)
        self._entered.append((_frame.set(frame), frame, None if outer else scope))
        return frame

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        token, frame, own_scope = self._entered.pop()
        is_in_order = _frame.get() is frame
        _frame.reset(token)
        if not is_in_order:
            _frame.set(None)
        if own_scope is not None:
            own_scope.close()
        if not is_in_order:
            raise GuardError(f"{self.key!r} ends while another block is open: it was stated around a `yield`.")


def _framed(key: str, reason: str, scope: Scope) -> Frame:
    purpose = purpose_named(key)
    if purpose.needs_reason and not reason.strip():
        raise ReasonMissing(f"The purpose {key!r} needs a reason: processing({key!r}, reason=…).")
    return Frame(purpose, reason[:REASON_CHARS_MAX], scope)


def state(key: str) -> None:
    """State a purpose from here to the end of the scope; for code that has no block to put around what it calls.

    Raises: PurposeUnknown, ReasonMissing. GuardError: no scope is open that would end it.
    """
    opened = _scope.get()
    if opened is None:
        raise GuardError("No scope is open. Use `with processing(…):`.")
    _frame.set(_framed(key, "", opened))


def known() -> Mapping[str, Purpose]:
    """Every purpose of the policy in force."""
    return get_policy().purposes


def purpose_named(key: str) -> Purpose:
    """Raises: PurposeUnknown, naming the nearest ones."""
    purposes = known()
    if key in purposes:
        return purposes[key]
    near = difflib.get_close_matches(key, purposes, n=3) or sorted(purposes)
    raise PurposeUnknown(
        f"The policy has no purpose {key!r}. Use one of {', '.join(near)}, or add it to policy/policy.toml."
    )


@contextmanager
def scope(actor: Callable[[], Actor]) -> Iterator[Scope]:
    """Gather what is read in a request or a run, and write it down once at its end. Nothing is stated inside yet."""
    opened = Scope(actor)
    tokens = _scope.set(opened), _frame.set(None)
    try:
        yield opened
    finally:
        _frame.reset(tokens[1])
        _scope.reset(tokens[0])
        opened.close()


@dataclass(frozen=True)
class Statement:
    """A purpose to take along into a task or a thread: plain values, no personal data but the actor's subject."""

    purpose: str
    reason: str
    actor_kind: str
    actor_subject_id: int | None


def statement() -> Statement:
    """What is stated here, to resume elsewhere.

    Raises: GuardError: nothing is stated.
    """
    frame = _frame.get()
    if frame is None:
        raise GuardError("Nothing is stated here. Call this inside `with processing(…):`.")
    actor = frame.scope.actor()
    return Statement(frame.purpose.key, frame.reason, actor.kind, actor.subject_id)


@contextmanager
def resumed(stated: Statement) -> Iterator[Frame]:
    """State in a task what its caller had stated, in the caller's name."""
    actor = Actor(stated.actor_kind, stated.actor_subject_id)
    with scope(lambda: actor), processing(stated.purpose, stated.reason) as frame:
        yield frame


__all__ = [
    "NOBODY",
    "Actor",
    "Frame",
    "GuardError",
    "Policy",
    "PurposeUnknown",
    "ReasonMissing",
    "Recorder",
    "Scope",
    "Statement",
    "current",
    "known",
    "processing",
    "purpose_named",
    "record_with",
    "resumed",
    "scope",
    "state",
    "statement",
]
