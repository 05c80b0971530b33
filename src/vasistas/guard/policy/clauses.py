"""The clauses: their words from clauses/<language>.md, their rules from policy.toml, and both under one digest.

A clause begins at a heading `## <number>. <title>` and ends at the next. Above the first one only a title (`# …`) and
comments may stand. Placeholders ({operator}, {address}, {mail}, {phone}, {site}) are filled when a page is shown.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from vasistas.guard.policy import digests
from vasistas.guard.policy.faults import Fault, nearest
from vasistas.guard.policy.model import Clause, Kind, Rule, Words
from vasistas.guard.policy.reading import Source, Table, read_text, shown

NUMBERS = (*map(str, range(11)), "M")
PLACEHOLDERS = ("operator", "address", "mail", "phone", "site")
CHECK_KEY = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")

_HEADING = re.compile(r"## (?P<number>\d+|[A-Z])\. (?P<title>\S.*)")
_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass
class Said:
    """The words of one clause in one language. line: of its heading."""

    title: str
    body: str
    line: int


def said_in(folder: Path, language: str, shown_folder: Path, faults: list[Fault]) -> dict[str, Said]:
    """Read the words of all clauses in one language: number -> words."""
    name = f"{language}.md"
    file = shown_folder / name
    found: dict[str, Said] = {}
    latest: Said | None = None
    text = read_text(folder / name, file, faults)
    text = _COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), text)
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("## "):
            latest = _opened(line, Fault(file, number, "", ""), found, faults)
        elif latest is not None:
            latest.body += line.rstrip() + "\n"
        elif line.strip() and not line.startswith("# "):
            what = "The text above the first heading belongs to no clause."
            faults.append(Fault(file, number, what, "Move it below a heading like `## 1. Purposes`."))
        faults.extend(_unknown_placeholders(line, file, number))
    for key, said in found.items():
        said.body = said.body.strip()
        if not said.body:
            faults.append(Fault(file, said.line, f"Clause {key} says nothing.", "Write it below its heading."))
    return found


def _opened(line: str, place: Fault, found: dict[str, Said], faults: list[Fault]) -> Said:
    heading = _HEADING.fullmatch(line.rstrip())
    said = Said(heading["title"] if heading else "", "", place.line)
    if heading is None:
        what, remedy = "The heading has no number.", "Write `## <number>. <title>`, like `## 1. Purposes`."
        faults.append(Fault(place.file, place.line, what, remedy))
    elif heading["number"] in found:
        what = f"Clause {heading['number']} stands here a second time."
        faults.append(Fault(place.file, place.line, what, "Keep one."))
    else:
        found[heading["number"]] = said
    return said


def _unknown_placeholders(line: str, file: Path, number: int) -> Iterable[Fault]:
    for name in _PLACEHOLDER.findall(line):
        if name not in PLACEHOLDERS:
            yield Fault(file, number, f"There is nothing to put in place of {{{name}}}.", nearest(name, PLACEHOLDERS))


def clauses_of(
    file: Table, folder: Path, shown_folder: Path, known_checks: Collection[str] | None
) -> dict[str, Clause]:
    """Read words and rules of all clauses, in their order.

    Args: known_checks: keys in the registry of checks; None: not asked.
    """
    source = file.source
    tables = dict(file.tables("clauses", is_optional=True))
    by_language = {
        language: said_in(folder, language, shown_folder, source.faults)
        for language in file.languages
        if tables or (folder / f"{language}.md").exists()
    }
    for other in sorted(folder.glob("*.md")):
        if other.stem not in file.languages:
            what = "The policy is not written in this language."
            source.faults.append(
                Fault(shown_folder / other.name, 1, what, f'Add "{other.stem}" to languages, or move it.')
            )
    for language, said in by_language.items():
        _match(source, tables, shown_folder / f"{language}.md", said)
    found = {}
    for number in sorted(tables, key=lambda key: NUMBERS.index(key) if key in NUMBERS else len(NUMBERS)):
        words = {language: said[number] for language, said in by_language.items() if number in said}
        found[number] = _clause(number, tables[number], words, known_checks)
    return found


def _match(source: Source, tables: dict[str, Table], file: Path, said: dict[str, Said]) -> None:
    for number, table in tables.items():
        if number not in NUMBERS:
            source.fault(table.path, f"{shown(table.path)} is no clause.", "The clauses are 0 to 10 and M.")
        elif number not in said:
            what = f"Clause {number} has no words in {file}."
            source.fault(table.path, what, f"Write them there below `## {number}. <title>`.")
    for number, one in said.items():
        if number not in tables:
            what = f"Clause {number} has words but no rules."
            source.faults.append(Fault(file, one.line, what, f"Add [clauses.{number}] to policy.toml."))


def _clause(number: str, table: Table, said: dict[str, Said], known_checks: Collection[str] | None) -> Clause:
    kind = table.choice("kind", Kind)
    rules = tuple(_rule(one, known_checks) for one in table.items("rules"))
    if not rules and kind is not Kind.INFORMATIVE:
        what = f"Clause {number} is {kind} and has no rule."
        table.source.fault(table.path, what, f"Add [[{shown((*table.path, 'rules'))}]], or make it informative.")
    keys = [rule.key for rule in rules]
    for place, key in enumerate(keys):
        if key in keys[:place]:
            path = (*table.path, "rules", place)
            table.source.fault(path, f"Clause {number} has two rules {key!r}.", "Give each its own key.")
    table.close()
    title: Words = {language: one.title for language, one in said.items()}
    words: Words = {language: one.body for language, one in said.items()}
    return Clause(number, kind, title, words, rules, digests.of([number, kind, title, words, rules]))


def _rule(table: Table, known_checks: Collection[str] | None) -> Rule:
    rule = Rule(
        key=table.text("key"),
        words=table.words("words"),
        checks=table.texts("checks", is_optional=True),
        awaits=table.words("awaits", is_optional=True),
        attested_by=table.text("attested_by", default=""),
        attested_until=table.day("attested_until", is_optional=True),
        not_applicable=table.words("not_applicable", is_optional=True),
    )
    if rule.checks and rule.awaits:
        table.fault("awaits", "stands beside checks.", "Keep the checks once they are built, or what it awaits.")
    elif not any((rule.checks, rule.awaits, rule.attested_by, rule.not_applicable)):
        what = f"The rule {rule.key!r} has no check."
        table.source.fault(table.path, what, 'Add checks = ["…"], or awaits = { … } while nothing checks it.')
    if bool(rule.attested_by) != bool(rule.attested_until):
        what = f"The rule {rule.key!r} needs both attested_by and attested_until."
        table.source.fault(table.path, what, "Say whose word stands for it, and until when.")
    for place, check in enumerate(rule.checks):
        _know(table, (*table.path, "checks", place), check, known_checks)
    table.close()
    return rule


def _know(table: Table, path: tuple[str | int, ...], check: str, known_checks: Collection[str] | None) -> None:
    if not CHECK_KEY.fullmatch(check):
        table.source.fault(path, f"{check!r} is no name of a check.", "Write it like chat.text_is_sealed.")
    elif known_checks is not None and check not in known_checks:
        table.source.fault(path, f"There is no check {check!r}.", nearest(check, known_checks))
