from collections.abc import Iterator

import pytest

from tests.media import nodes


@pytest.fixture(scope="module")
def node() -> Iterator[nodes.RunningNode]:
    """One node for all tests of a module; each uses a room of its own."""
    with nodes.running() as started:
        yield started


@pytest.fixture
def clients() -> Iterator[nodes.Clients]:
    with nodes.clients() as started:
        yield started
