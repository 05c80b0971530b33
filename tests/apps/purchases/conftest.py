"""One sandbox for all tests of purchases; each begins with nothing said, and money sums to zero after each."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.factories import purchases
from vasistas.apps.purchases.events import StaffNeeded
from vasistas.apps.wallet import queries as wallet
from vasistas.lib import events


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[purchases.Provider]:
    with purchases.provider(tmp_path_factory.mktemp("sandbox")) as one:
        yield one


@pytest.fixture
def bank(server: purchases.Provider) -> Iterator[purchases.Provider]:
    server.reset()
    server.clock.now = datetime.now(UTC).timestamp()
    with purchases.enabled(server):
        yield server
        assert sum(kind.balance for kind in wallet.trial_balance()) == 0
        assert wallet.wrong_balances() == wallet.unbalanced_transfers() == 0


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What staff is called for, in order."""
    heard: list[str] = []
    monkeypatch.setitem(events._in_transaction, StaffNeeded, (lambda event: heard.append(event.what),))
    return heard
