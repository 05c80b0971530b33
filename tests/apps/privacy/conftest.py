"""A recipient that is told of corrections and erasures."""

from collections.abc import Iterator

import pytest

from tests.factories.recipients import Partner, serving


@pytest.fixture
def partner() -> Iterator[Partner]:
    with serving() as played:
        yield played
