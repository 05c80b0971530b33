"""A host who earned and can be paid, two of the staff, and the site's bank account."""

from typing import Any

import pytest

from tests.factories.accounts import make_member
from tests.factories.payouts import SITE_IBAN, earn, make_payee
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from vasistas.apps.accounts.models import Member
from vasistas.apps.providers.models import Host


@pytest.fixture(autouse=True)
def bank(settings: Any) -> None:
    settings.PAYOUT_IBAN, settings.PAYOUT_BIC = SITE_IBAN, "BCEELULL"


@pytest.fixture
def vi() -> Member:
    return make_member("Vi")


@pytest.fixture
def ada(vi: Member) -> Host:
    """Earned 70 of 100 euros, and said how she is paid."""
    host = make_host()
    make_room(host)
    earn(host, 10_000, payer=vi)
    make_payee(host.member)
    return host


@pytest.fixture
def sam() -> Member:
    return make_member("Sam", is_staff=True)


@pytest.fixture
def lea() -> Member:
    return make_member("Lea", is_staff=True)


@pytest.fixture
def staff(sam: Member, lea: Member) -> tuple[Member, Member]:
    return sam, lea
