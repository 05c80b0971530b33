import socket

import pytest
from django.test import Client


@pytest.fixture
def client_class() -> type[Client]:
    """For tests with several browsers."""
    return Client


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
