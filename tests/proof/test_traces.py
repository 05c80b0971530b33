"""Traces of the erased are found wherever they are planted."""

import logging
import time

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from vasistas.guard import purposes
from vasistas.proof import traces
from vasistas.proof.checks import rights
from vasistas.proof.filled import Filled

VALUE = "canary-0123456789abcdef"


def test_moments_short_words_and_the_audit_number_are_no_traces():
    told = [
        Filled("accounts.Member", "display_name", VALUE),
        Filled("accounts.Member", "last_login", "2026-11-22T12:00:00Z"),
        Filled("rooms.Room", "state", "offline"),
        Filled("privacy.Subject", "audit_id", "b2c6e2a4-0000-4000-8000-000000000000"),
        Filled("mfa.Authenticator", "data", {"name": "canary-in-an-object"}),
    ]
    assert traces.values_of(told) == [VALUE, "canary-in-an-object"]


def test_a_file_is_found_by_its_content_and_by_its_name(tmp_path):
    (tmp_path / "clean.log").write_text("nothing")
    assert traces.in_files([tmp_path], [VALUE], time.time() - 60) == []
    (tmp_path / "erased.log").write_text(f"erased {VALUE}")
    (tmp_path / f"{VALUE}.jpg").write_text("")
    found = traces.in_files([tmp_path], [VALUE], time.time() - 60)
    assert sorted(found) == ["a file ending in .jpg", "a file ending in .log"]


def test_a_cache_and_a_log_line_are_found():
    assert traces.in_caches([VALUE]) == []
    cache.set("seen", {"name": VALUE})
    assert traces.in_caches([VALUE]) == ["cache default"]
    cache.delete("seen")
    with traces.listening() as heard:
        logging.getLogger("vasistas.anything").warning("erased %s", VALUE)
    assert traces.in_lines(heard, [VALUE]) == ["a log line"]
    assert traces.in_lines(["nothing"], [VALUE]) == []


@pytest.mark.django_db
def test_a_forgotten_table_is_found():
    with purposes.processing("maintain", reason="a test"), connection.cursor() as cursor:
        assert traces.in_databases([VALUE]) == []
        cursor.execute("CREATE TABLE forgotten (id integer, words text)")
        cursor.execute("INSERT INTO forgotten VALUES (1, %s)", [f"said by {VALUE}"])
        assert traces.in_databases([VALUE]) == ["forgotten"]


@pytest.mark.django_db(databases=["default", "keys"])
def test_an_erased_member_leaves_none():
    found = rights.erasure_is_complete(timezone.now())
    assert found.ok, found
