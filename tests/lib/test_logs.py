"""What databases quote in their errors does not reach the log."""

import logging
import sys

import django.db.utils
import psycopg

from vasistas.lib.logs import LineFormatter

QUOTED = 'duplicate key value violates "x"\nDETAIL:  Key (name_key)=(kingfisher) already exists.'


def logged(error: Exception) -> str:
    try:
        raise error
    except type(error):
        record = logging.LogRecord("a", logging.ERROR, "f", 1, "worker.job_failed", (), sys.exc_info())
    return LineFormatter("%(levelname)s %(message)s").format(record)


def test_rows_that_a_database_quotes_are_left_out_all_along_the_chain() -> None:
    wrapped = django.db.utils.IntegrityError(QUOTED)
    wrapped.__cause__ = psycopg.errors.UniqueViolation(QUOTED)
    ours = RuntimeError("The sweep stopped.")
    ours.__cause__ = wrapped

    text = logged(ours)

    assert "kingfisher" not in text
    for kept in ("psycopg.errors.UniqueViolation: 23505", "django.db.utils.IntegrityError", "test_logs.py"):
        assert kept in text
    assert text.endswith("RuntimeError: The sweep stopped.")


def test_other_faults_are_told_whole() -> None:
    assert logged(ValueError("chars_max is 3")).endswith("ValueError: chars_max is 3")


def test_a_chain_that_bites_its_tail_ends() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one

    assert logged(one).count("ValueError") == 2


def test_the_site_logs_so(settings) -> None:
    assert settings.LOGGING["formatters"]["line"]["()"] == "vasistas.lib.logs.LineFormatter"
