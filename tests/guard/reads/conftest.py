import pytest

from tests.factories.accounts import make_member
from vasistas.apps.accounts.models import Member
from vasistas.guard.reads.models import Entry


@pytest.fixture(autouse=True)
def empty_log(request: pytest.FixtureRequest) -> None:
    """Migrating the tests' database was itself a run that was logged."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("_django_db_helper")
        Entry.objects.all().delete()


@pytest.fixture
def vi() -> Member:
    return make_member("Vi")


@pytest.fixture
def max_() -> Member:
    return make_member("Max")


@pytest.fixture
def sam() -> Member:
    return make_member("Sam", is_staff=True, is_superuser=True)
