from datetime import timedelta

import pytest

from tests.apps.rooms.conftest import NOON
from vasistas.apps.rooms import rules
from vasistas.apps.rooms.models import Ban

BANS = [
    # actor, target, may
    ("host", "moderator", True),
    ("host", "member", True),
    ("host", "host", False),
    ("moderator", "member", True),
    ("moderator", "moderator", False),
    ("moderator", "host", False),
    ("member", "member", False),
]


@pytest.mark.parametrize(("actor", "target", "may"), BANS)
def test_can_ban(actor, target, may) -> None:
    assert rules.can_ban(actor, target) is may


def test_a_ban_is_in_force_until_its_end() -> None:
    assert rules.is_in_force(Ban(until=None), NOON)
    assert rules.is_in_force(Ban(until=NOON + timedelta(seconds=1)), NOON)
    assert not rules.is_in_force(Ban(until=NOON), NOON)
