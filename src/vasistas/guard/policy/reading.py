"""Strict reading of TOML: what is missing, of the wrong kind or unknown becomes a fault with its line, and reading
goes on with a harmless value, so that one run tells all faults.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from vasistas.guard.policy.faults import Fault, nearest
from vasistas.guard.policy.lines import KeyPath, lines_of
from vasistas.guard.policy.model import Words

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLACE = re.compile(r"\s*\(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_FORMS: dict[type, tuple[str, str]] = {
    str: ("a text in quotes", '"…"'),
    int: ("a whole number", "1"),
    bool: ("true or false", "true"),
    date: ("a date", "2026-12-01"),
    list: ("a list", '["…"]'),
    dict: ("a table", "{ … }"),
}


@dataclass
class Source:
    """One TOML file, the lines of its keys, and the faults found in it so far."""

    file: Path  # as shown to the operator
    raw: dict[str, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: KeyPath, what: str, remedy: str) -> None:
        """Note a fault where `path` stands, or the nearest table around it."""
        while path and path not in self.lines:
            path = path[:-1]
        self.faults.append(Fault(self.file, self.lines.get(path, 1), what, remedy))


def read(path: Path, shown: Path) -> Source:
    """Read one TOML file. One that cannot be read has a fault, and nothing in it."""
    source = Source(shown)
    text = read_text(path, shown, source.faults)
    try:
        source.raw = tomllib.loads(text)
        source.lines = lines_of(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError; so is a number of 5,000 digits
        place = _PLACE.search(str(error))
        line = int(place["line"]) if place and place["line"] else text.count("\n") + 1
        what = _PLACE.sub("", str(error))
        source.faults.append(Fault(shown, line, f"This is no TOML: {what}.", "Mend the line, or the one before it."))
    return source


def read_text(path: Path, shown: Path, faults: list[Fault]) -> str:
    """Return the text of a file, "" with a fault when there is none."""
    content = b""
    try:
        content = path.read_bytes()
        return content.decode().replace("\r\n", "\n")
    except OSError as error:
        faults.append(Fault(shown, 1, f"The file cannot be read: {error.strerror}.", "Restore it."))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.append(Fault(shown, line, "The line is not UTF-8.", "Save the file in UTF-8."))
    return ""


def shown(path: KeyPath) -> str:
    """Write a path as in TOML: `categories."user.contact.email".words`."""
    words = (f"[{one}]" if isinstance(one, int) else one if _BARE.fullmatch(one) else f'"{one}"' for one in path)
    return ".".join(words).replace(".[", "[") or "the file"


@dataclass
class Table:
    """One table of the file. Each reader names a key; `close` refuses all keys that no reader named."""

    source: Source
    path: KeyPath
    raw: dict[str, Any]
    languages: tuple[str, ...] = ()
    _named: set[str] = field(default_factory=set)

    def fault(self, name: str, what: str, remedy: str) -> None:
        self.source.fault((*self.path, name), f"{shown((*self.path, name))} {what}", remedy)

    def close(self) -> None:
        for name in sorted(set(self.raw) - self._named):
            self.fault(name, "is unknown.", nearest(name, self._named - set(self.raw) or self._named))

    def _take(self, name: str, kind: type, form: str = "", *, default: Any) -> Any:
        """default None: the key must be there. form: what to write, where it is not the usual."""
        words, usual = _FORMS[kind]
        self._named.add(name)
        value = self.raw.get(name)
        is_number_for_flag = isinstance(value, bool) and kind is int
        if value is None:
            if default is None:
                what = f"{shown(self.path)} has no {name}."
                self.source.fault(self.path, what, f"Add {name} = {form or usual}.")
            return kind() if default is None and kind is not date else default
        if not isinstance(value, kind) or is_number_for_flag or isinstance(value, datetime):
            self.fault(name, f"is not {words}.", f"Write {name} = {form or usual}.")
            return kind() if kind is not date else default
        return value

    def text(self, name: str, *, default: str | None = None) -> str:
        text = str(self._take(name, str, default=default))
        if name in self.raw and isinstance(self.raw[name], str) and not text.strip():
            self.fault(name, "is empty.", "Write it, or leave the key out where it may be missing.")
        return text

    def number(self, name: str, *, low: int, default: int | None = None, is_optional: bool = False) -> int | None:
        if is_optional and name not in self.raw:
            self._named.add(name)
            return None
        value = int(self._take(name, int, default=default))
        if isinstance(self.raw.get(name), int) and value < low:
            self.fault(name, f"is {value}.", f"Write a whole number from {low}.")
        return value

    def flag(self, name: str) -> bool:
        return bool(self._take(name, bool, default=False))

    def day(self, name: str, *, is_optional: bool = False) -> date | None:
        if is_optional and name not in self.raw:
            self._named.add(name)
            return None
        value: date | None = self._take(name, date, default=None)
        return value

    def choice[Choice: StrEnum](self, name: str, kind: type[Choice], *, default: Choice | None = None) -> Choice:
        value = self.text(name, default=default)
        if value in {one.value for one in kind}:
            return kind(value)
        if isinstance(self.raw.get(name), str):
            self.fault(name, f"is {value!r}.", nearest(value, [one.value for one in kind]))
        return next(iter(kind))

    def one_of(self, name: str, known: Iterable[str], what: str, *, default: str | None = None) -> str:
        """Read a text that names one of `known`; `what` they are, in the singular."""
        value = self.text(name, default=default)
        known = set(known)
        if value and value not in known:
            self.fault(name, f"names {what} {value!r}, which does not exist.", nearest(value, known))
        return value

    def texts(self, name: str, *, is_optional: bool = False) -> tuple[str, ...]:
        """Read a list of different texts."""
        values = self._take(name, list, default=[] if is_optional else None)
        kept: list[str] = []
        for number, value in enumerate(values):
            path = (*self.path, name, number)
            if not isinstance(value, str) or not value.strip():
                self.source.fault(path, f"{shown(path)} is not a text in quotes.", "Write names in quotes.")
            elif value in kept:
                self.source.fault(path, f"{shown(path)} repeats {value!r}.", "Name it once.")
            else:
                kept.append(value)
        return tuple(kept)

    def some_of(self, name: str, known: Iterable[str], what: str, *, is_optional: bool = False) -> tuple[str, ...]:
        """Read a list of texts that each name one of `known`."""
        known = set(known)
        values = self.texts(name, is_optional=is_optional)
        raw = self.raw.get(name, [])
        for value in values:
            if value not in known:
                path = (*self.path, name, raw.index(value))
                told = f"{shown((*self.path, name))} names {what} {value!r}, which does not exist."
                self.source.fault(path, told, nearest(value, known))
        return tuple(value for value in values if value in known)

    def words(self, name: str, *, is_optional: bool = False) -> Words:
        """Read a text in each language of the policy: no more, no fewer, none empty."""
        if is_optional and name not in self.raw:
            self._named.add(name)
            return {}
        form = f"{{ {', '.join(f'{one} = "…"' for one in self.languages)} }}"
        inner = Table(self.source, (*self.path, name), self._take(name, dict, form, default=None), self.languages)
        if not inner.raw:
            return {}
        words = {language: inner.text(language) for language in self.languages}
        inner.close()
        return words

    def table(self, name: str, *, is_optional: bool = False) -> "Table":
        raw = self._take(name, dict, default={} if is_optional else None)
        return Table(self.source, (*self.path, name), raw, self.languages)

    def tables(self, name: str, *, is_optional: bool = False) -> Iterator[tuple[str, "Table"]]:
        """Yield each table of a table of tables, by its key; the caller closes them."""
        outer = self.table(name, is_optional=is_optional)
        for key in outer.raw:
            yield key, outer.table(key)

    def items(self, name: str) -> Iterator["Table"]:
        """Yield each table of an array of tables; the caller closes them."""
        for number, raw in enumerate(self._take(name, list, default=[])):
            path = (*self.path, name, number)
            if isinstance(raw, dict):
                yield Table(self.source, path, raw, self.languages)
            else:
                self.source.fault(path, f"{shown(path)} is not a table.", f"Write [[{shown((*self.path, name))}]].")
