from collections.abc import Iterator

import pytest

from tests.payments import desks


@pytest.fixture(params=list(desks.DESKS))
def desk(request: pytest.FixtureRequest) -> Iterator[desks.Desk]:
    """Every provider in turn."""
    with desks.DESKS[request.param]() as one:
        yield one


@pytest.fixture
def sandbox() -> Iterator[desks.SandboxDesk]:
    with desks.sandbox() as one:
        yield one


@pytest.fixture
def stripe() -> Iterator[desks.StripeDesk]:
    with desks.stripe_desk() as one:
        yield one


@pytest.fixture
def ccbill() -> Iterator[desks.CcbillDesk]:
    with desks.ccbill() as one:
        yield one
