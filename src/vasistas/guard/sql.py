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
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<bracket>[\[\]])                           # of a name on SQLite, of a place in a list on PostgreSQL
  | (?P<dollar>\$(?:[^\W\d]\w*)?\$)               # the body between $$ and $$ is read as SQL
  | (?P<escaped>[uU]&["']|%\((?!\w+\)s))
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


_PLAIN = re.compile(r"'(?:[^']|'')*'")
_HIDES = re.compile(r"""['"`]|--|/\*""")  # what may hide SQL from one engine and not from another


# Statements without rows of ours in them: of transactions, of sessions, of the house-keeping of the engine.
_NO_DATA = _words("""
    abort analyze attach begin checkpoint close cluster comment commit deallocate detach discard end grant listen notify
    pragma reindex release reset revoke rollback savepoint set show start unlisten vacuum
""")
_DDL = _words("alter create drop")
# What runs SQL from a text, and where the engine itself keeps samples of values, or the texts of queries.
_UNSEEN = _words("""
    execute query_to_xml query_to_xmlschema query_to_xml_and_xmlschema table_to_xml table_to_xmlschema
    table_to_xml_and_xmlschema schema_to_xml schema_to_xml_and_xmlschema database_to_xml database_to_xml_and_xmlschema
    cursor_to_xml ts_stat ts_rewrite dblink dblink_exec pg_read_file pg_read_binary_file pg_stats pg_statistic
    pg_stats_ext pg_stats_ext_exprs pg_stat_activity pg_stat_statements sqlite_stat3 sqlite_stat4 sqlite_dbpage
""")
_BEFORE_TABLE_AS_QUERY = _words("all as except intersect union (")  # TABLE x is short for SELECT * FROM x
_QUERY = _words("delete insert select table update values with")
_RESERVED = _words("""
    all and any as asc between by case cascade check collate conflict cross current default delete desc distinct do else
    end escape except exists fetch filter following for from full glob group having ignore in indexed inner insert
    intersect into is isnull join lateral left like limit natural not nothing notnull null of offset on only or order
    outer over overriding partition preceding range replace restart restrict returning right row rows select set share
    skip table tablesample then to truncate unbounded union update user using values when where window with
""")
# Reserved here, yet names on PostgreSQL: after a table of a FROM list they can only be its alias.
_ODD_ALIASES = _words("""
    by cascade conflict current delete escape filter following glob ignore insert nothing over partition preceding range
    replace restart restrict row rows set share skip truncate unbounded update values
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
    opened_at: int = -1  # of a closing bracket around no query: where it opened

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
    text = _ROWS.sub("(%s)", _VALUES.sub("%s", sql))
    tokens: list[_Token] = []
    is_bracketed, dollars_end = False, 0
    for match in _TOKEN.finditer(text):
        kind, found = str(match.lastgroup), match.group()
        if kind == "escaped" or (kind == "sign" and found in "'\"`") or (is_bracketed and "]" in found[1:]):
            raise Unreadable
        if kind == "space":
            _check_comment(found)
        elif kind == "bracket":
            is_bracketed = found == "["
        elif kind == "dollar":
            dollars_end = dollars_end if match.start() < dollars_end else _end_of_dollars(text, match)
        elif kind == "sign" and found == ";":
            yield tokens
            tokens = []
        else:
            tokens.append(_token(kind, found, tokens))
    yield tokens


def _token(kind: str, found: str, before: list[_Token]) -> _Token:
    name = found[1:-1] if kind == "quoted" else found
    token = _Token(kind, name.lower() if kind in {"quoted", "word"} else name)
    if kind == "literal":
        is_escaping = found[0] in "eE" and not _PLAIN.fullmatch(found[1:])  # SQLite ends E'\' before the last quote
        if is_escaping or (before and before[-1].kind == "literal" and before[-1].text[0] in "eE"):
            raise Unreadable
    elif kind in {"quoted", "word"} and (token.text in _UNSEEN or (token.text == "into" and _is_vacuum(before))):
        raise Unreadable
    return token


def _is_vacuum(tokens: list[_Token]) -> bool:
    return bool(tokens) and tokens[0].says("vacuum")  # VACUUM INTO writes the whole database to a file


def _check_comment(text: str) -> None:
    """Raises: Unreadable: engines disagree where it ends."""
    if (text.startswith("/*") and "/*" in text[2:]) or (text.startswith("--") and "\r" in text.rstrip("\r")):
        raise Unreadable


def _end_of_dollars(text: str, opening: re.Match[str]) -> int:
    """Raises: Unreadable: the body between dollars hides something, which means one thing in it and another as SQL."""
    end = text.find(opening.group(), opening.end())
    if end < 0:
        return opening.end()
    if _HIDES.search(text, opening.end(), end):
        raise Unreadable
    return end + len(opening.group())


def _holds_data(tokens: list[_Token]) -> bool:
    if not tokens or tokens[0].says(*_NO_DATA):
        return False
    if tokens[0].says(*_DDL):  # CREATE TABLE … AS, views and functions carry a query
        return any(token.says("select") for token in tokens) or any(
            one.says("as", "(") and other.says("table") for one, other in itertools.pairwise(tokens)
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
        stack, levels = [("rest", 0, True, -1)], 0
        for index, token in enumerate(self.tokens):
            clause, level, is_query, opened_at = stack[-1]
            if token.says("("):
                is_query = self._at(index + 1).says(*_QUERY)
                levels += is_query
                inner = "columns" if clause == "target" else clause if clause in {"from", "set"} else "rest"
                stack.append((inner, levels if is_query else level, is_query, index))
            elif token.says(")"):
                token.opened_at = -1 if is_query else opened_at
                if len(stack) > 1:
                    stack.pop()
            elif token.kind == "word" and not (token.text == "from" and not is_query):  # extract(year FROM moment)
                stack[-1] = (self._clause_from(index, clause), level, is_query, opened_at)
            token.clause, token.level, *_others = stack[-1]

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
            inside = self.tokens[token.opened_at : index] if token.opened_at >= 0 else []
            self._define_alias(index + 1, {one.text for one in inside} & self.catalogue.keys())  # (a JOIN b) AS alias
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
        has_as, is_listed = self._at(index).says("as"), self._at(index - 1).clause == "from"
        index += has_as
        alias = self._at(index)
        is_plain = alias.is_name and alias.clause in {"from", "target"}
        if not (is_plain or (has_as and alias.kind == "word") or (is_listed and self._is_odd_alias(index))):
            return index
        alias.is_definition = self._is_no_column(alias)
        self.names.setdefault(alias.text, set()).update(behind)
        if self._at(index + 1).says("("):
            self._whole(behind, is_written=False)  # … AS alias (other, names)
        return index + 1

    def _is_odd_alias(self, index: int) -> bool:
        alias = self._at(index)
        is_odd = alias.says(*_ODD_ALIASES) or (alias.says("indexed") and not self._at(index + 1).says("by"))
        return alias.kind == "word" and is_odd

    def _is_no_column(self, token: _Token) -> bool:
        """Whether a name that stands where tables and aliases stand can be nothing else."""
        return not any(token.text in self.catalogue[table] for table in self.tables)

    def _use(self, index: int) -> None:
        token, before, after = self.tokens[index], self._at(index - 1), self._at(index + 1)
        if token.says("*"):
            self._use_star(index)
        elif (
            token.is_definition
            or after.says(".")
            or not (token.kind in {"quoted", "word"} or self._is_column_in_literal(index))
        ):
            return
        elif before.says("."):
            self._use_column(token, self._behind(index - 2))
        elif before.says("as") or (token.kind == "word" and after.says("(")):
            return
        elif not (token.clause == "lock" and token.text in self.names):  # FOR UPDATE OF "table"
            self._whole(self.names.get(token.text, set()), is_written=False)  # a row as one value
            self._use_column(token, self.tables)

    def _is_column_in_literal(self, index: int) -> bool:
        """SQLite takes 'name' for "name" as a column too: after a dot, in a list of columns, left of an assignment."""
        token, before, after = self.tokens[index], self._at(index - 1), self._at(index + 1)
        name = token.text[1:-1].lower()
        is_listed = before.says("(", ",") and after.says(")", ",")
        is_place = before.says(".") or is_listed or (token.clause == "set" and after.says("="))
        if token.kind != "literal" or not is_place or not any(name in self.catalogue[table] for table in self.tables):
            return False
        token.kind, token.text = "quoted", name
        return True

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
