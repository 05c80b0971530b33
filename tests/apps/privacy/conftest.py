"""A recipient that is told of corrections and erasures; a media node in memory."""

from collections.abc import Iterator

import pytest

from tests.factories.recipients import Partner, serving
from vasistas import media
from vasistas.media.fake import FakeMedia


@pytest.fixture
def partner() -> Iterator[Partner]:
    with serving() as played:
        yield played


@pytest.fixture
def node() -> Iterator[FakeMedia]:
    former = media._configured[:]
    node = FakeMedia()
    media.configure(node)
    yield node
    media._configured[:] = former
