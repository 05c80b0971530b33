from pathlib import Path

import pytest

from tests.guard.policy.files import SMALL, copied


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small policy, to break."""
    return copied(SMALL, tmp_path)
