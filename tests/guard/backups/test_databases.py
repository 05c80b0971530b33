"""A database on a server as one file, and back into an empty one."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection

from vasistas.guard.backups import archive, databases
from vasistas.guard.backups.stream import BackupRefused

KEY = bytes(32)
on_server = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="there is no server")


@pytest.mark.parametrize(
    "url", ["sqlite:", "postgresql://vi:p%40ss@db.example:5433/site", "postgresql://vi@127.0.0.1/site"]
)
def test_a_url_comes_back_from_what_django_makes_of_it(url):
    parts = databases._parts(url)
    described = {
        "ENGINE": "django.db.backends.sqlite3" if databases.is_sqlite(url) else "django.db.backends.postgresql",
        "NAME": parts.get("PGDATABASE"),
        "USER": parts.get("PGUSER"),
        "PASSWORD": parts.get("PGPASSWORD"),
        "HOST": parts.get("PGHOST"),
        "PORT": parts.get("PGPORT"),
    }

    assert databases.url_of(described) == url


def test_without_the_tools_a_backup_of_a_server_is_refused_with_the_remedy(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "site").mkdir()

    with pytest.raises(BackupRefused, match=r"pg_dump is not installed\. Install PostgreSQL's client programs"):
        archive.write(tmp_path / "site", "data", tmp_path / "out", KEY, at="now", url="postgresql://vi@127.0.0.1:9/x")

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["site"]


def test_a_server_that_does_not_answer_is_refused_without_its_address(tmp_path: Path):
    with pytest.raises(BackupRefused, match="does not answer") as refused:
        databases.require_empty("postgresql://vi:secret@127.0.0.1:9/x")

    assert "secret" not in str(refused.value)


@on_server
@pytest.mark.django_db
def test_a_dump_is_restored_into_an_empty_database_and_into_no_other(tmp_path: Path):
    url = databases.url_of(connection.settings_dict)
    (tmp_path / "old" / "uploads").mkdir(parents=True)
    with databases.scratch(url) as old, databases.scratch(url) as new:
        with psycopg.connect(old, autocommit=True) as database:
            database.execute("CREATE TABLE words (id serial, word text)")
            database.execute("INSERT INTO words (word) VALUES ('canary')")
        out = tmp_path / "one.backup"
        archive.write(tmp_path / "old", "data", out, KEY, at="now", url=old)
        assert b"canary" not in out.read_bytes()

        with pytest.raises(BackupRefused, match="The target is SQLite, the backup is of PostgreSQL"):
            archive.restore(out, tmp_path / "new", KEY, None)
        with pytest.raises(BackupRefused, match="has tables already"):
            archive.restore(out, tmp_path / "new", KEY, None, urls={"data": old})
        assert not (tmp_path / "new").exists()

        manifest = archive.restore(out, tmp_path / "new", KEY, None, urls={"data": new})

        assert manifest["part"] == "data"
        assert (tmp_path / "new" / "journal" / "restored").exists()
        with psycopg.connect(new, autocommit=True) as database:
            database.execute("INSERT INTO words (word) VALUES ('next')")  # the counter was restored too
            assert database.execute("SELECT id, word FROM words ORDER BY id").fetchall() == [(1, "canary"), (2, "next")]
    with psycopg.connect(url) as database:
        names = [urlsplit(one).path.removeprefix("/") for one in (old, new)]  # other tests have theirs
        left = database.execute("SELECT 1 FROM pg_database WHERE datname = ANY(%s)", [names])
        assert left.fetchall() == []


@on_server
@pytest.mark.django_db
def test_an_account_that_may_not_make_databases_is_told_what_a_drill_needs():
    url = databases.url_of(connection.settings_dict)
    with psycopg.connect(url, autocommit=True) as server:
        server.execute("DROP ROLE IF EXISTS poor")
        server.execute("CREATE ROLE poor LOGIN")
    try:
        with pytest.raises(BackupRefused, match="CREATEDB"), databases.scratch(url.replace("vasistas@", "poor@", 1)):
            pass
    finally:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute("DROP ROLE poor")


def test_the_environment_of_the_tools_holds_the_password_and_their_arguments_do_not(tmp_path: Path, monkeypatch):
    said = tmp_path / "said"
    tool = tmp_path / "pg_dump"
    tool.write_text(f'#!/bin/sh\necho "$@ / $PGPASSWORD" > {said}\n')
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    databases.contents("postgresql://vi:p%40ss@127.0.0.1:9/x")

    arguments, _slash, password = said.read_text().strip().partition(" / ")
    assert (password, "p@ss" in arguments) == ("p@ss", False)
