"""Each own check finds its planted fault and leaves the good example alone."""

from pathlib import Path

import pytest

from tools import house

HERE = Path("src/vasistas/lib/sample.py")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def go(a, b, c, d, e, f):\n    return a\n", 0),
        ("def go(a, b, c, d, e, f, g):\n    return a\n", 1),
        ("def go(a, b, c, d, e, f, g):  # house: the library's signature\n    return a\n", 0),
        ("def go(self, a, b, *, c, d, e, f):\n    return a\n", 0),
        ("def go():\n" + "    x = 1\n" * 49, 0),
        ("def go():\n" + "    x = 1\n" * 50, 1),
        ("x = 1\n" * 400, 0),
        ("x = 1\n" * 401, 1),
        ("import a  # noqa: F401 — registering is its effect\n", 0),
        ("import a  # noqa: F401\n", 1),  # house: the planted fault
        ("import a  # noqa\n", 1),  # house: the planted fault
        ("a = b  # type: ignore[misc]  # the stub is wrong\n", 0),
        ("a = b  # type: ignore[misc]\n", 1),  # house: the planted fault
        ("cursor.execute('SELECT 1')\n", 0),
        ("connection.connection.execute('SELECT 1')\n", 1),
        ("connections['default'].connection.cursor()\n", 1),
        ("cursor.executescript('SELECT 1')\n", 1),
        ("cursor.stream('SELECT 1')\n", 1),
        ("cursor.cursor.execute('SELECT 1')\n", 1),
        ("cursor.callproc('now')\n", 1),
        ("cursor.copy('COPY x TO STDOUT')\n", 1),
        ("raw = connection.connection  # house: only its thread is interrupted\n", 0),
    ],
)
def test_python_faults(source: str, found: int) -> None:
    assert len(list(house.faults_in_python(HERE, source))) == found


def test_views_have_a_tighter_budget() -> None:
    source = "def page(request):\n" + "    x = 1\n" * 30
    assert len(list(house.faults_in_python(Path("src/vasistas/apps/rooms/views.py"), source))) == 1
    assert not list(house.faults_in_python(Path("src/vasistas/apps/rooms/operations.py"), source))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('<script type="module" src="/static/x.js"></script>', 0),
        ('<script type="application/json" id="x">{}</script>', 0),
        ("<script>alert(1)</script>", 1),
        ('<p style="color: red">', 1),
        ("<style>p {}</style>", 1),
        ('<a href="/" onclick="go()">', 1),
        ('<img src="https://elsewhere.example/x.png">', 1),
        ('<a href="https://elsewhere.example/">', 0),
    ],
)
def test_template_faults(line: str, found: int) -> None:
    assert len(list(house.faults_in_template(Path("x.html"), line))) == found


def test_app_files_outside_the_vocabulary_are_refused(tmp_path: Path) -> None:
    for name in ("models.py", "operations", "utils.py"):
        (tmp_path / name).touch()
    assert [fault.split(":")[0] for fault in house.faults_in_app(tmp_path)] == [str(tmp_path / "utils.py")]


def test_documents_name_only_what_exists(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("run: ## Start.\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/real.md").touch()
    page = (
        "`docs/real.md` `docs/gone.md` `make run` `make fly` [a](docs/real.md) [b](docs/lost.md) [c](https://x.example)"
    )
    faults = list(house.faults_in_document(tmp_path / "README.md", page, tmp_path))
    assert [fault.split(": ", 1)[1] for fault in faults] == [
        "names docs/gone.md, which does not exist.",
        "names `make fly`, which the Makefile does not have.",
        "links to docs/lost.md, which does not exist.",
    ]


def test_environment_example_is_complete_and_has_nothing_more() -> None:
    sources = {Path("a.py"): 'env.text("SITE_NAME", "x")\nos.environ["VASISTAS_PORT"]'}
    faults = list(house.faults_in_environment("# VASISTAS_PORT=8000\n# VASISTAS_GHOST=1\n", sources))
    assert [fault.split()[1] for fault in faults] == ["VASISTAS_SITE_NAME", "VASISTAS_GHOST"]


def test_lock_files_and_machine_paths_are_refused() -> None:
    address = "https:" + "//registry.example/simple"
    machine = "/" + "work/main/x.py"
    assert len(list(house.faults_in_tracked(Path("requirements/base.txt"), f"--index-url {address}"))) == 1
    assert len(list(house.faults_in_tracked(Path("docs/x.md"), f"see {machine}"))) == 1
    assert not list(house.faults_in_tracked(Path("docs/x.md"), f"see {address} and ./work/x"))
