"""On which line each key of a TOML document stands; the parser of the standard library does not tell."""

import re
import tomllib
from bisect import bisect_right

type KeyPath = tuple[str | int, ...]  # ("clauses", "6", "rules", 0, "checks")

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")
_STRINGS = (
    re.compile(r'"""(?:\\[\s\S]|[^\\])*?"{3,5}'),
    re.compile(r"'''[\s\S]*?'{3,5}"),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)


def lines_of(text: str) -> dict[KeyPath, int]:
    """Return the line, from 1, on which each key and each item of an array begins. `text` must be valid TOML."""
    return _Scan(text).run()


class _Scan:
    """Walks the document once. It trusts that it is valid: tomllib has read it before."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._lines: dict[KeyPath, int] = {}
        self._items: dict[KeyPath, int] = {}  # arrays of tables: how many so far

    def run(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._is_more():
            if self._text.startswith("[[", self._at):
                table = self._open_table(width=2)
            elif self._text.startswith("[", self._at):
                table = self._open_table(width=1)
            else:
                self._pair(table)
        return self._lines

    def _is_more(self) -> bool:
        self._skip()
        return self._at < len(self._text)

    def _skip(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _note(self, path: KeyPath) -> None:
        self._lines.setdefault(path, bisect_right(self._starts, self._at))

    def _open_table(self, *, width: int) -> KeyPath:
        self._at += width
        *outer, last = self._key()
        path: KeyPath = ()
        for name in outer:
            path = self._latest((*path, name))
            self._note(path)
        path = (*path, last)
        if width > 1:
            self._items[path] = number = self._items.get(path, -1) + 1
            self._note(path)
            path = (*path, number)
        self._note(path)
        self._skip()
        self._at += width
        return path

    def _latest(self, path: KeyPath) -> KeyPath:
        return (*path, self._items[path]) if path in self._items else path

    def _key(self) -> list[str]:
        names: list[str] = []
        while True:
            self._skip()
            quoted = self._string()
            if quoted is not None:
                names.append(tomllib.loads(f"key = {quoted}")["key"])
            elif found := _BARE_KEY.match(self._text, self._at):
                names.append(found.group())
                self._at = found.end()
            self._skip()
            if not self._text.startswith(".", self._at):
                return names
            self._at += 1

    def _string(self) -> str | None:
        for form in _STRINGS:
            if found := form.match(self._text, self._at):
                self._at = found.end()
                return found.group()
        return None

    def _pair(self, table: KeyPath) -> None:
        self._skip()
        start = self._at
        names = self._key()
        end, self._at = self._at, start
        for depth in range(1, len(names) + 1):
            self._note((*table, *names[:depth]))
        self._at = end + 1  # the equals sign
        self._value((*table, *names))

    def _value(self, path: KeyPath) -> None:
        self._skip()
        if self._text.startswith("[", self._at):
            self._array(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        elif self._string() is None and (found := _BARE_VALUE.match(self._text, self._at)):
            self._at = found.end()

    def _array(self, path: KeyPath) -> None:
        number = 0
        self._at += 1
        while not self._closes("]"):
            self._note((*path, number))
            self._value((*path, number))
            number += 1
            self._comma()

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while not self._closes("}"):
            self._pair(path)
            self._comma()

    def _closes(self, sign: str) -> bool:
        self._skip()
        is_end = self._at >= len(self._text) or self._text[self._at] == sign
        self._at += is_end
        return is_end

    def _comma(self) -> None:
        self._skip()
        self._at += self._text.startswith(",", self._at)
