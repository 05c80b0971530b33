"""What every test stands on: own folders, no network beyond this machine, media in memory, plain static names."""

import dataclasses
import os
import socket
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from django.db import connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from hypothesis import settings as hypothesis_settings

from vasistas.guard import keyring, purposes
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Policy, Purpose, Reads

hypothesis_settings.register_profile("house", deadline=None)  # no test asserts time
hypothesis_settings.load_profile("house")

LOOPBACK = {"127.0.0.1", "::1", "localhost", "0.0.0.0", ""}


def policy_with_tests() -> Policy:
    """The operator's policy and one purpose more, which allows everything and logs nothing: to arrange and to look."""
    policy = get_policy()
    words = {"en": "Test", "fr": "Test"}
    test = Purpose("test", words, words, categories=frozenset(policy.categories), reads=Reads.INTERNAL)
    return dataclasses.replace(policy, purposes={**policy.purposes, "test": test})


@pytest.fixture(scope="session", autouse=True)
def purpose_test() -> Iterator[None]:
    """State "test" in the thread of the tests. Nothing of it reaches a view, and threads state their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(django_settings, "NOBODY_ON_DUTY", "open")  # those of the moderation set it themselves
        patch.setattr(django_settings, "POLICY_IN_FORCE", "files")  # who develops runs the files as they are
        patch.setattr(purposes, "get_policy", policy_with_tests)
        with purposes.processing("test"):
            yield


@pytest.fixture(scope="session", autouse=True)
def flushed_ledger() -> Iterator[None]:
    """Let a test with commits empty the tables: SQLite empties them by DELETE, which the ledger refuses anyone."""
    triggers = import_module("vasistas.apps.wallet.migrations.0001_initial").SQLITE
    refusing = [text for text in triggers if " BEFORE DELETE ON " in text]
    dropping = [f"DROP TRIGGER IF EXISTS {text.split()[2]}" for text in refusing]
    plain = DatabaseWrapper.ops_class.sql_flush

    def sql_flush(self: Any, style: Any, tables: Any, **options: Any) -> list[str]:
        there = [*dropping, *plain(self, style, tables, **options), *refusing]
        return there if "wallet_entry" in tables else plain(self, style, tables, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseWrapper.ops_class, "sql_flush", sql_flush)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """`@pytest.mark.nothing_stated`: the test runs as code does, with no purpose but those it states. Its fixtures
    arrange before that, and clear away after it.
    """
    if item.get_closest_marker("nothing_stated") is None:
        return (yield)
    with purposes.scope(lambda: purposes.NOBODY):
        return (yield)


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> None:
    settings.DATA = tmp_path
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.COOKIE_FAULTS_RAISE = True
    settings.HOSTS_MUST_VERIFY = False  # its own tests switch it on
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test that may use the database may use the key store too, and sees it empty, like the database.

    The longest files come first, so that no process is left alone with one of them at the end.
    """
    items.sort(key=lambda item: "proof" not in item.path.parts)
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker or {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ())):
            stated = marker.kwargs if marker else {}
            item.add_marker(pytest.mark.django_db(**{"databases": ["default", keyring.ALIAS], **stated}), append=False)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The key store of the tests is a file: threads cannot share an SQLite database in memory without failing.

    On a server each process of the run has two databases of its own.
    """
    process = os.environ.get("PYTEST_XDIST_WORKER", "main")
    data, keys = (connections[alias].settings_dict for alias in ("default", keyring.ALIAS))
    if keys["ENGINE"].endswith("sqlite3"):
        keys["TEST"]["NAME"] = str(tmp_path_factory.mktemp("keys") / "keyring.sqlite3")
    else:
        keys["TEST"]["NAME"] = f"test_{keys['NAME']}_keys_{process}"  # of the same server as the data's
    if not data["ENGINE"].endswith("sqlite3"):
        data["TEST"]["NAME"] = f"test_{data['NAME']}_{process}"


@pytest.fixture(scope="session")
def root_key_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One root key for the session; each test finds an empty key store beside it."""
    return f"file:{tmp_path_factory.mktemp('root') / 'root.key'}"


@pytest.fixture(autouse=True)
def forgotten_keys(settings: Any, root_key_url: str) -> Iterator[None]:
    """Opened keys outlive a rolled back key store; no test inherits another's."""
    settings.ROOT_KEY = root_key_url
    keyring.forget_cached()
    yield
    keyring.forget_cached()


@pytest.fixture(autouse=True)
def let_go_of_consents(request: pytest.FixtureRequest, _django_db_marker: None) -> Iterator[None]:
    """SQLite is emptied after a test that commits, by DELETE; records of consent go with an erased subject alone."""
    yield
    marker = request.node.get_closest_marker("django_db")
    commits = {"transactional_db", "live_server"} & set(request.fixturenames)
    if (commits or (marker and marker.kwargs.get("transaction"))) and connection.vendor == "sqlite":
        gone = "UPDATE privacy_subject SET state = 'erased' WHERE id IN (SELECT subject_id FROM privacy_consent)"
        with purposes.processing("test"), connection.cursor() as cursor:
            cursor.execute(gone)


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Rate limits live in the cache; no test inherits another's."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK and not str(address[0]).startswith("127."):
            raise RuntimeError("Tests reach no network; start the server on this machine instead.")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 stays, its cost goes: 60 ms for each password would be most of the suite's time."""
    for name, value in {"time_cost": 1, "memory_cost": 64, "parallelism": 1}.items():
        monkeypatch.setattr(Argon2PasswordHasher, name, value)
