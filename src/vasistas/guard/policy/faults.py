"""What is wrong with a policy: every fault at once, each with its place and what to do."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

NEAR_MAX = 3  # suggestions in one remedy
ALL_MAX = 16  # so many are all named where none is near


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
    """Return a sentence naming the known words that look most like `word`, or all of them while they are few."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=NEAR_MAX)
    if near or len(words) <= ALL_MAX:
        return f"Use {_either(near or words)}." if words else "There is none yet."
    return f"Use one of the {len(words)} there are, from {words[0]} to {words[-1]}."


def _either(words: list[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
