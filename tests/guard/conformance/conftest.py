"""A registry of its own for each test: one check whose answer the test decides."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from vasistas.guard.conformance import registry
from vasistas.guard.conformance.registry import Finding, check, counterexample

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = "test.one"


@dataclass
class Subject:
    """What the registered check looks at: green until something is planted."""

    wrong: list[str] = field(default_factory=list)
    answer: Callable[[], Finding] | None = None


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Subject:
    monkeypatch.setattr(registry, "_checks", {})
    monkeypatch.setattr(registry, "_plants", {})
    subject = Subject()

    @check(KEY, kind="live", words={"en": "A promise.", "fr": "Une promesse."}, limit_s=5)
    def look(now: datetime) -> Finding:
        return subject.answer() if subject.answer else registry.finding(3, subject.wrong)

    @counterexample(KEY)
    def plant(now: datetime) -> None:
        subject.wrong.append("rooms.Room")

    return subject
