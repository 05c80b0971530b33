"""Our own checks of the house style, for what no linter of the shelf knows. Each fault says where and how to mend it.

`python tools/house.py` checks the repository; tests give the functions good and bad examples.
"""

import ast
import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXCUSE = "# house: "  # a rule may be broken when the result is plainer: say why on the line

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
VIEW_LINES_MAX = 25
PARAMETERS_MAX = 6

# `noqa: CODE — why` and `type: ignore[code]  # why` are the good forms
BARE_SUPPRESSION = re.compile(r"#\s*noqa(?!: [A-Z0-9, ]+ — \S)|#\s*type: ignore(?!\[[a-z0-9, -]+\]\s+# \S)")

# What speaks to the database behind the gate of purposes (guard/gate.py), which sees execute() and executemany() alone
PAST_THE_GATE = re.compile(
    r"\bconnections?(?:\[[^\]]+\])?\.connection\b|\.(?:executescript|callproc|copy_expert)\(|cursor\.(?:copy\(|stream\(|cursor\b)"
)

APP_FILES = {
    *(
        "__init__",
        "apps",
        "admin",
        "urls",
        "handlers",
        "views",
        "hooks",
        "tasks",
        "forms",
        "operations",
        "queries",
        "rules",
    ),
    *("models", "events", "providers", "migrations", "management", "templatetags"),
    *("adapter", "outbox"),  # accounts: the two doors that its library asks for
    *("text", "commands", "images", "documents", "letters"),  # pure leaves: chat text, its commands, pictures, papers
}


def faults_in_python(path: Path, source: str) -> Iterator[str]:
    """Yield the faults of one Python file: budgets, reasons of suppressions."""
    lines = source.splitlines()
    if len(lines) > FILE_LINES_MAX and not _excused(lines[0] if lines else ""):
        yield f"{path}:1: {len(lines)} lines, {FILE_LINES_MAX} are the budget; make it a package of the same name."
    for number, line in enumerate(lines, 1):
        if BARE_SUPPRESSION.search(line) and not _excused(line):
            yield f"{path}:{number}: a suppression without a reason; write its code, then why."
        if path.parts[0] == "src" and PAST_THE_GATE.search(line) and not _excused(line):
            yield f"{path}:{number}: speaks to the database past the gate of purposes; use a cursor's execute()."
    is_view = path.name == "views.py" or "views" in path.parts
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _faults_in_function(path, node, lines, is_view=is_view)


def _faults_in_function(
    path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str], *, is_view: bool
) -> Iterator[str]:
    if _excused(lines[node.lineno - 1]):
        return
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    budget = VIEW_LINES_MAX if is_view else FUNCTION_LINES_MAX
    if length > budget:
        yield f"{path}:{node.lineno}: {node.name} has {length} lines, {budget} are the budget; name its parts."
    named = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    count = len([name for name in named if name not in {"self", "cls"}])
    if count > PARAMETERS_MAX:
        yield f"{path}:{node.lineno}: {node.name} takes {count} parameters of {PARAMETERS_MAX} allowed; pass an object."


def _excused(line: str) -> bool:
    return EXCUSE in line


def faults_in_app(app: Path) -> Iterator[str]:
    """Yield files of an app whose names are not in the closed vocabulary."""
    for entry in sorted(app.iterdir()):
        if entry.name != "__pycache__" and entry.stem not in APP_FILES:
            yield f"{entry}: not a file of an app; the vocabulary is {', '.join(sorted(APP_FILES))}."


def faults_in_template(path: Path, source: str) -> Iterator[str]:
    """Yield inline scripts, styles and handlers, which the content security policy would refuse."""
    for number, line in enumerate(source.splitlines(), 1):
        if re.search(r"<script(?![^>]*\bsrc=)[^>]*>", line) and "application/json" not in line:
            yield f"{path}:{number}: inline script; put it into a module below static/."
        if re.search(r"\sstyle\s*=|<style\b", line):
            yield f"{path}:{number}: inline style; use a class."
        if re.search(r"\son[a-z]+\s*=\s*[\"']", line):
            yield f"{path}:{number}: inline handler; listen in a module."
        if re.search(r"(?:src|srcset|action)\s*=\s*[\"']https?://", line):
            yield f"{path}:{number}: a third party's address; serve it from this site."


def faults_in_document(path: Path, source: str, root: Path) -> Iterator[str]:
    """Yield paths and make targets that a document names and the repository does not have."""
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    for number, line in enumerate(source.splitlines(), 1):
        for named in re.findall(r"`((?:src|docs|bench|tools|tests|policy|deploy|requirements)/[\w./-]*\w/?)`", line):
            if not (root / named).exists():
                yield f"{path}:{number}: names {named}, which does not exist."
        for target in re.findall(r"`make ([a-z-]+)[^`]*`", line):
            if target not in targets:
                yield f"{path}:{number}: names `make {target}`, which the Makefile does not have."
        for link in re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", line):
            if not (path.parent / link).exists():
                yield f"{path}:{number}: links to {link}, which does not exist."


def faults_in_environment(example: str, sources: dict[Path, str]) -> Iterator[str]:
    """Yield variables that code reads and .env.example does not list, and the other way round."""
    listed = set(re.findall(r"^#?\s?(VASISTAS_[A-Z_]+)=", example, re.MULTILINE))
    read: set[str] = set()
    for source in sources.values():
        read |= set(re.findall(r"VASISTAS_[A-Z_]*[A-Z]", source))
        read |= {
            f"VASISTAS_{name}"
            for name in re.findall(r"env\.(?:text|flag|integers?|one_of|words|secret|given)\(\s*\"([A-Z_]+)\"", source)
        }
        read |= {f"VASISTAS_{name}" for name in re.findall(r"[(= ]default\(\"([A-Z_]+)\"", source)}
    read -= {name for name in read if name.endswith("_FILE")}
    for name in sorted(read - listed):
        yield f".env.example: {name} is read by the code; list it with unit and default."
    for name in sorted(listed - read):
        yield f".env.example: {name} is listed but nothing reads it; remove it."


def faults_in_tracked(path: Path, source: str) -> Iterator[str]:
    """Yield addresses of registries and paths of a developer's machine."""
    if path.parts[0] == "requirements" and re.search(r"https?://|--index-url|--find-links", source):
        yield f"{path}: an address in a lock file; run make lock."
    for number, line in enumerate(source.splitlines(), 1):
        if re.search(r"(?:^|[^A-Za-z0-9_.])/(?:work|root|home/[a-z]+)/[\w.]", line):
            yield f"{path}:{number}: a path of one machine; name it relative to the repository."


def tracked_texts(root: Path) -> dict[Path, str]:
    """The texts that are or would be committed, by path from `root`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    texts: dict[Path, str] = {}
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():
            with contextlib.suppress(UnicodeDecodeError):
                texts[Path(name)] = (root / name).read_text()
    return texts


def faults_in_text(path: Path, source: str, root: Path) -> Iterator[str]:
    """Yield what is wrong with one tracked text, by its kind; vendored files are others' work."""
    if "vendor" in path.parts:
        return
    yield from faults_in_tracked(path, source)
    if path.suffix == ".py" and "migrations" not in path.parts:
        yield from faults_in_python(path, source)
    elif path.suffix == ".html" and path.parts[0] == "src":
        yield from faults_in_template(path, source)
    elif path.suffix == ".md":
        yield from faults_in_document(root / path, source, root)


def faults(root: Path) -> Iterator[str]:
    texts = tracked_texts(root)
    for path, source in texts.items():
        yield from faults_in_text(path, source, root)
    for app in sorted((root / "src/vasistas/apps").iterdir()):
        if app.is_dir() and app.name != "__pycache__":
            yield from faults_in_app(app)
    product = {path: source for path, source in texts.items() if path.suffix == ".py" and path.parts[0] == "src"}
    yield from faults_in_environment((root / ".env.example").read_text(), product)


def main() -> int:
    found = list(faults(ROOT))
    for fault in found:
        print(fault.replace(f"{ROOT}/", ""))
    print(f"house: {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
