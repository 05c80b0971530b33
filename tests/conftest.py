"""What every test stands on: own folders, no network beyond this machine, media in memory, plain static names."""

import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache

from vasistas.guard import purposes
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Policy, Purpose, Reads

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
        patch.setattr(purposes, "get_policy", policy_with_tests)
        with purposes.processing("test"):
            yield


@pytest.fixture(autouse=True)
def nothing_stated_where_marked(request: pytest.FixtureRequest, _django_db_helper: None) -> Iterator[None]:
    """`@pytest.mark.nothing_stated`: the test itself runs as code does, with no purpose but those it states.

    After the database's own fixture, so that its rows can be cleared away afterwards.
    """
    if request.node.get_closest_marker("nothing_stated") is None:
        yield
        return
    with purposes.scope(lambda: purposes.NOBODY):
        yield


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> None:
    settings.DATA = tmp_path
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


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
