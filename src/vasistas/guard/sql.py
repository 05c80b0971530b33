"""Which personal tables and columns one SQL text names. Pure: text in, names out; the values are no part of it.

No parser of SQL, but a scanner that errs on one side: it may name too much, never too little. What it cannot read it
takes to name everything. Names are compared without regard to case or quotes, as SQLite, the most tolerant, does.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

type Catalogue = Mapping[str, frozenset[str]]  # personal table -> its personal columns, in lower case
type Column = tuple[str, str]  # table, column

_VALUES = re.compile(r"%s(?:\s*,\s*%s)+")  # thousands of values in a list say nothing,
_ROWS = re.compile(r"\(%s\)(?:\s*,\s*\(%s\))+")  # nor do thousands of rows
_TOKEN = re.compile(
    r"""
    (?P<space>[\s\[\]]+|--[^\n]*|/\*.*?\*/|\$(?:[^\W\d]\w*)?\$)     # the body between $$ and $$ is read as SQL
  | (?P<escaped>[uU]&["'])
  | (?P<literal>[eE]'(?:[^'\\]|\\.|'')*'|[bBnNxX]?'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
  | (?P<value>%\(\w+\)s|%s|%%|\d[\w.]*|\$\d+)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<sign>.)
    """,
    re.DOTALL | re.VERBOSE,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Statements without rows of ours in them: of transactions, of sessions, of the house-keeping of the engine.
_NO_DATA = _words("""
    abort analyze attach begin checkpoint close cluster comment commit deallocate detach discard end grant listen notify
    pragma reindex release reset revoke rollback savepoint set show start unlisten vacuum
""")
_DDL = _words("alter create drop")
_BEFORE_TABLE_AS_QUERY = _words("all as except intersect union (")  # TABLE x is short for SELECT * FROM x
_QUERY = _words("delete insert select table update values with")
_RESERVED = _words("""
    all and any as asc between by case cascade check collate conflict cross current default delete desc distinct do else
    end escape except exists fetch filter following for from full glob group having ignore in indexed inner insert
    intersect into is isnull join lateral left like limit natural not nothing notnull null of offset on only or order
    outer over overriding partition preceding range replace restart restrict returning right row rows select set share
    skip table tablesample then to truncate unbounded union update user using values when where window with
""")
_CLAUSES = {
    "select": "select",
    "returning": "select",
    "from": "from",
    "join": "from",
    "into": "target",
    "update": "target",
    "truncate": "target",
    "copy": "target",
    "lock": "target",
    "table": "target",
    "set": "set",
    "for": "lock",
    **dict.fromkeys(_words("where on having group order limit offset values window fetch by"), "rest"),
}
_TABLE_AFTER = _words("from into join table update")
_NO_TARGET_AFTER = _words("do for key on then")  # … UPDATE: of a lock, a conflict, a MERGE, a foreign key


class Unreadable(ValueError):  # noqa: N818 — reads as a fact
    """The scanner cannot tell what the text names."""


@dataclass(frozen=True, slots=True)
class Named:
    """columns: read or written. written: those an INSERT or UPDATE sets."""

    tables: frozenset[str] = frozenset()
    columns: frozenset[Column] = frozenset()
    written: frozenset[Column] = frozenset()


@dataclass(slots=True)
class _Token:
    kind: str  # literal, quoted, value, word, sign
    text: str  # of names: in lower case, without quotes
    clause: str = "rest"
    level: int = 0  # of the query it stands in: 0 is the outermost
    is_definition: bool = False  # names a table or an alias, not a value of it

    def says(self, *words: str) -> bool:
        return self.kind in {"word", "sign"} and self.text in words

    @property
    def is_name(self) -> bool:
        return self.kind == "quoted" or (self.kind == "word" and self.text not in _RESERVED)


_NOTHING = _Token("sign", "")


def scan(sql: str, catalogue: Catalogue) -> Named:
    """Return what `sql` names of `catalogue`. Values, literals and comments name nothing; SQL built at run time by the
    database itself (EXECUTE), and text whose quotes do not close, names everything.
    """
    try:
        statements = list(_statements(sql))
    except Unreadable:
        every = frozenset((table, column) for table, columns in catalogue.items() for column in columns)
        return Named(frozenset(catalogue), every, every)
    found = [_Statement(tokens, catalogue).named() for tokens in statements]
    return Named(
        frozenset().union(*(one.tables for one in found)),
        frozenset().union(*(one.columns for one in found)),
        frozenset().union(*(one.written for one in found)),
    )


def _statements(sql: str) -> Iterator[list[_Token]]:
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(_ROWS.sub("(%s)", _VALUES.sub("%s", sql))):
        kind, text = str(match.lastgroup), match.group()
        if kind == "space":
            if text.startswith("/*") and "/*" in text[2:]:
                raise Unreadable  # engines disagree where it ends
        elif kind == "escaped" or (kind == "sign" and text in "'\"`") or text.lower() == "execute":
            raise Unreadable
        elif kind == "sign" and text == ";":
            yield tokens
            tokens = []
        else:
            name = text[1:-1] if kind == "quoted" else text
            tokens.append(_Token(kind, name.lower() if kind in {"quoted", "word"} else name))
    yield tokens


def _holds_data(tokens: list[_Token]) -> bool:
    if not tokens or tokens[0].says(*_NO_DATA):
        return False
    if tokens[0].says(*_DDL):  # CREATE TABLE … AS, views and functions carry a query
        return any(token.says("select") for token in tokens) or any(
            one.says("as") and other.says("table") for one, other in itertools.pairwise(tokens)
        )
    return True


@dataclass
class _Statement:
    tokens: list[_Token]
    catalogue: Catalogue
    names: dict[str, set[str]] = field(default_factory=dict)  # table, alias or derived table -> personal tables behind
    by_level: dict[int, set[str]] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    columns: set[Column] = field(default_factory=set)
    written: set[Column] = field(default_factory=set)

    def named(self) -> Named:
        self.tables = {token.text for token in self.tokens if token.is_name and token.text in self.catalogue}
        self.tables |= {table for index in range(len(self.tokens)) if (table := self._table_in_literal(index))}
        if not self.tables or not _holds_data(self.tokens):
            return Named()
        self._find_clauses()
        for index in range(len(self.tokens)):
            self._define(index)
        if any(self._moves_whole_rows(index) for index in range(len(self.tokens))):
            self._whole(self.tables, is_written=True)
        for index in range(len(self.tokens)):
            self._use(index)
        return Named(frozenset(self.tables), frozenset(self.columns), frozenset(self.written))

    def _at(self, index: int) -> _Token:
        return self.tokens[index] if 0 <= index < len(self.tokens) else _NOTHING

    def _table_in_literal(self, index: int) -> str | None:
        """SQLite takes 'name' for "name" where only a name can stand."""
        token = self.tokens[index]
        name = token.text[1:-1].lower()
        before = self._at(index - 1)
        if token.kind != "literal" or name not in self.catalogue or not (before.says(*_TABLE_AFTER, ",", ".", "(")):
            return None
        token.kind, token.text = "quoted", name
        return name

    def _moves_whole_rows(self, index: int) -> bool:
        """Whether this is a word that moves or compares rows without naming their columns."""
        token = self.tokens[index]
        if token.says("table"):
            return index == 0 or self._at(index - 1).says(*_BEFORE_TABLE_AS_QUERY)
        return token.says("merge", "natural") or (index == 0 and token.says("copy"))

    def _find_clauses(self) -> None:
        stack, levels = [("rest", 0, True)], 0
        for index, token in enumerate(self.tokens):
            clause, level, is_query = stack[-1]
            if token.says("("):
                is_query = self._at(index + 1).says(*_QUERY)
                levels += is_query
                inner = "columns" if clause == "target" else clause if clause in {"from", "set"} else "rest"
                stack.append((inner, levels if is_query else level, is_query))
            elif token.says(")"):
                if len(stack) > 1:
                    stack.pop()
            elif token.kind == "word" and not (token.text == "from" and not is_query):  # extract(year FROM moment)
                stack[-1] = (self._clause_from(index, clause), level, is_query)
            token.clause, token.level, _is_query = stack[-1]

    def _clause_from(self, index: int, clause: str) -> str:
        token, before = self.tokens[index], self._at(index - 1)
        if token.text == "using":
            return "rest" if self._at(index + 1).says("(") else "from"  # JOIN … USING (…) or DELETE … USING
        is_other = {
            "from": before.says("distinct"),  # a IS DISTINCT FROM b
            "update": before.says(*_NO_TARGET_AFTER),
            "table": index > 0 and not before.says("truncate", "lock", "as", "("),
            "for": clause not in {"from", "rest", "lock"},
            **dict.fromkeys(("copy", "lock", "truncate"), index > 0),  # columns may be called so
        }
        if before.says(".") or is_other.get(token.text, False):
            return clause
        return _CLAUSES.get(token.text, clause)

    def _define(self, index: int) -> None:
        """Take in a table of a FROM list or a target, or a query in brackets, with the alias it is given."""
        token = self.tokens[index]
        if token.clause == "from" and token.says(")"):
            self.by_level.setdefault(token.level, set())
            self._define_alias(index + 1, set())
        if token.is_definition or not token.is_name or token.clause not in {"from", "target"}:
            return
        before = self._at(index - 1)
        is_place = before.says("from", "join", "using", ",", "(", "only", "lateral", ".") or token.clause == "target"
        if not is_place or self._at(index + 1).says(".") or (token.clause == "from" and self._at(index + 1).says("(")):
            return
        token.is_definition = self._is_no_column(token)
        behind = {token.text} & self.catalogue.keys()
        self.names.setdefault(token.text, set()).update(behind)
        self.by_level.setdefault(token.level, set()).update(behind)
        after = self._define_alias(index + 1, behind)
        if token.clause == "target" and before.says("into") and not self._at(after).says("(", "default"):
            self._whole(behind, is_written=True)  # INSERT without a list of columns

    def _define_alias(self, index: int, behind: set[str]) -> int:
        """Return the place after the alias, if there is one."""
        index += self._at(index).says("as")
        alias = self._at(index)
        if not alias.is_name or alias.clause not in {"from", "target"}:
            return index
        alias.is_definition = self._is_no_column(alias)
        self.names.setdefault(alias.text, set()).update(behind)
        if self._at(index + 1).says("("):
            self._whole(behind, is_written=False)  # … AS alias (other, names)
        return index + 1

    def _is_no_column(self, token: _Token) -> bool:
        """Whether a name that stands where tables and aliases stand can be nothing else."""
        return not any(token.text in self.catalogue[table] for table in self.tables)

    def _use(self, index: int) -> None:
        token, before, after = self.tokens[index], self._at(index - 1), self._at(index + 1)
        if token.says("*"):
            self._use_star(index)
        elif token.is_definition or token.kind not in {"quoted", "word"} or after.says("."):
            return
        elif before.says("."):
            self._use_column(token, self._behind(index - 2))
        elif before.says("as") or (token.kind == "word" and after.says("(")):
            return
        elif token.clause != "lock":  # FOR UPDATE OF "table"
            self._whole(self.names.get(token.text, set()), is_written=False)  # a row as one value
            self._use_column(token, self.tables)

    def _use_column(self, token: _Token, tables: set[str]) -> None:
        for table in tables:
            if token.text in self.catalogue[table]:
                self.columns.add((table, token.text))
                if token.clause in {"columns", "set"}:
                    self.written.add((table, token.text))
        if token.text in self.catalogue and tables:
            self._whole({token.text}, is_written=False)  # schema.table as one value

    def _behind(self, index: int) -> set[str]:
        """The personal tables behind a qualifier; all of them when it is none we know (EXCLUDED, a composite value)."""
        qualifier = self._at(index)
        return self.names.get(qualifier.text, self.tables) if qualifier.is_name else self.tables

    def _use_star(self, index: int) -> None:
        before, after = self._at(index - 1), self._at(index + 1)
        if before.says("."):
            self._whole(self._behind(index - 2), is_written=False)
        elif before.says("select", "distinct", "all", "returning", ",") or (
            before.says(")") and after.says(",", "from", ")", "")  # DISTINCT ON (…) *
        ):
            self._whole(self.by_level.get(self.tokens[index].level, self.tables), is_written=False)

    def _whole(self, tables: set[str], *, is_written: bool) -> None:
        every = {(table, column) for table in tables for column in self.catalogue[table]}
        self.columns |= every
        if is_written:
            self.written |= every
