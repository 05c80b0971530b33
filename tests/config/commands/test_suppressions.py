"""`vasistas suppressions import`, as an operator types it."""

import pytest

from vasistas.apps.bulletins.models import Suppression
from vasistas.config.cli import main

pytestmark = pytest.mark.django_db


def test_list_is_taken_in(tmp_path, capsys):
    file = tmp_path / "list.txt"
    file.write_text("vi@example.org\n+352621123456\n", "utf-8-sig")
    main(["suppressions", "import", str(file)])

    assert capsys.readouterr().out == "2 lines read, 2 new. Nothing is sent there any more.\n"
    assert Suppression.objects.count() == 2


def test_faulty_line_is_named_and_nothing_is_written(tmp_path):
    file = tmp_path / "list.txt"
    file.write_text("vi@example.org\nmax\n")
    with pytest.raises(SystemExit, match=r"nothing was written\.\nline 2: "):
        main(["suppressions", "import", str(file)])

    assert Suppression.objects.count() == 0


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_file_that_is_no_text_is_told(tmp_path, content):
    file = tmp_path / "list.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SystemExit, match=r"cannot be read|no text"):
        main(["suppressions", "import", str(file)])
