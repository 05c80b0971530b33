"""What is wrong with a policy: every fault at once, each with its place and what to do."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

NAMED_MAX = 3  # suggestions in one remedy


@dataclass(frozen=True, order=True)
class Fault:
    """file: relative to the policy's folder. line: from 1. what and remedy: one sentence each."""

    file: Path
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} {self.remedy}"


class PolicyRefused(ImproperlyConfigured):
    """The policy contradicts itself, or cannot be read. Nothing starts until it is mended."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(["The policy is refused.", *map(str, self.faults)]))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a sentence naming the known words that look most like `word`, or all of them."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=NAMED_MAX) or words
    return f"Use {_either(near)}." if near else "There is none yet."


def _either(words: list[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
