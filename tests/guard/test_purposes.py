"""Why data is touched is said in code, holds for a block, and is taken along only where code takes it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from vasistas.guard import purposes
from vasistas.guard.purposes import Actor, processing

pytestmark = pytest.mark.nothing_stated
ADA = Actor("member", 7)


@dataclass
class Kept:
    """A recorder that remembers how often it was closed, or fails when it is."""

    fails: bool = False
    closed: int = 0
    rows: list[Any] = field(default_factory=list)

    def note_row(self, frame: Any, model: Any, row: Any, fields: Any) -> None:
        self.rows.append((frame.purpose.key, row))

    def note_query(self, frame: Any, columns: Any, sql: str) -> None: ...

    def close(self) -> None:
        self.closed += 1
        if self.fails:
            raise OSError("the log is full")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    recorder = Kept()
    monkeypatch.setattr(purposes, "_make_recorder", lambda _scope: recorder)
    return recorder


def stated() -> str | None:
    frame = purposes.current()
    return frame.purpose.key if frame else None


def test_there_is_no_default():
    assert purposes.current() is None


def test_the_inner_statement_holds_until_it_ends():
    seen = []
    with processing("rooms"):
        with processing("chat"):
            seen.append(stated())
        seen.append(stated())

    assert (*seen, stated()) == ("chat", "rooms", None)


def test_a_statement_ends_with_an_error():
    with pytest.raises(ZeroDivisionError), processing("rooms"):
        _ = 1 / 0

    assert stated() is None


def test_a_function_states_anew_at_each_call():
    @processing("rooms")
    def depth(left: int) -> list[str | None]:
        return [stated()] + (depth(left - 1) if left else [])

    assert depth(2) == ["rooms"] * 3
    assert stated() is None
    assert vars(depth)["purpose_stated"] == "rooms"


def test_an_unknown_purpose_names_those_that_are_near():
    with pytest.raises(purposes.PurposeUnknown, match=r"no purpose 'room'\. Use one of rooms"), processing("room"):
        pass


def test_some_purposes_need_a_reason():
    with pytest.raises(purposes.ReasonMissing, match="reason="), processing("maintain", reason="  "):
        pass
    with processing("maintain", reason="case 7") as frame:
        assert frame.reason == "case 7"


def test_threads_start_with_nothing_stated():
    seen = []
    with processing("rooms"):
        thread = threading.Thread(target=lambda: seen.append(stated()))
        thread.start()
        thread.join()

    assert seen == [None]


def test_a_statement_is_taken_along_by_hand():
    seen = []

    def work(taken: purposes.Statement) -> None:
        with purposes.resumed(taken) as frame:
            seen.append((stated(), frame.reason, frame.scope.actor()))

    with purposes.scope(lambda: ADA), processing("staff", reason="ticket 3"):
        taken = purposes.statement()
    thread = threading.Thread(target=work, args=(taken,))
    thread.start()
    thread.join()

    assert seen == [("staff", "ticket 3", ADA)]


def test_nothing_stated_cannot_be_taken_along():
    with pytest.raises(purposes.GuardError, match="Nothing is stated"):
        purposes.statement()


def test_a_scope_lets_nothing_in_and_nothing_out():
    with processing("rooms"):
        with purposes.scope(lambda: ADA):
            inside = stated()
            purposes.state("chat")
            later = stated()
        assert (inside, later, stated()) == (None, "chat", "rooms")


def test_only_a_scope_ends_what_is_stated_without_a_block():
    with pytest.raises(purposes.GuardError, match="No scope is open"):
        _in_no_scope(purposes.state, "rooms")


def _in_no_scope(act: Any, *args: Any) -> Any:
    token = purposes._scope.set(None)
    try:
        return act(*args)
    finally:
        purposes._scope.reset(token)


def test_a_scope_is_written_down_once(kept):
    with purposes.scope(lambda: ADA) as scope:
        with processing("rooms") as frame:
            frame.scope.recording().note_row(frame, None, "a room", ())
        with processing("chat") as frame:
            frame.scope.recording().note_row(frame, None, "a line", ())
        assert kept.closed == 0

    assert (kept.rows, kept.closed, scope.recorder) == ([("rooms", "a room"), ("chat", "a line")], 1, None)


def test_a_block_outside_of_any_scope_is_one(kept):
    def read() -> None:
        with processing("retention") as frame:
            frame.scope.recording()
            assert frame.scope.actor() == purposes.NOBODY

    _in_no_scope(read)

    assert kept.closed == 1


def test_what_cannot_be_written_down_raises_at_the_end(kept):
    kept.fails = True

    with pytest.raises(OSError, match="full"), purposes.scope(lambda: ADA), processing("rooms") as frame:
        frame.scope.recording()

    assert stated() is None


def test_a_purpose_left_open_by_a_generator_does_not_outlive_it() -> None:
    def numbers() -> Iterator[int]:
        with processing("rights"):
            yield 1

    first, second = numbers(), numbers()
    assert (next(first), next(second)) == (1, 1)
    with pytest.raises(purposes.GuardError, match="around a `yield`"):
        first.close()
    assert purposes.current() is None
    with pytest.raises(purposes.GuardError, match="around a `yield`"):
        second.close()
    assert purposes.current() is None


def test_what_runs_after_its_decorator_is_refused() -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def answer() -> None: ...

    for late in (numbers, answer):
        with pytest.raises(purposes.GuardError, match="after this decorator has ended"):
            processing("rights")(late)
