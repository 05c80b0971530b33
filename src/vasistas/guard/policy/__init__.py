"""The policy in force: compiled once from the folder the settings name, and again on the day another version begins."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as clock

from django.conf import settings

from vasistas.guard.policy import versions
from vasistas.guard.policy.compiler import compile_policy
from vasistas.guard.policy.faults import PolicyRefused
from vasistas.guard.policy.model import Policy

FILES = "files"  # of POLICY_IN_FORCE: whoever develops runs the files as they are
AGAIN_S = 60.0  # after a version that should begin could not be read

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Found:
    """known: the number of the latest release. until: seconds since 1970, when another version begins."""

    policy: Policy
    to_come: Sequence[Policy]
    known: int
    until: float


class _InForce:
    """Return the policy in force: of the released versions the latest whose day (UTC) has come; before the first
    release, and with `VASISTAS_POLICY_IN_FORCE=files`, the files as they are.

    Raises: PolicyRefused: it does not compile; every fault is listed with file, line and remedy.
    """

    def __init__(self) -> None:
        self._found: _Found | None = None

    def __call__(self) -> Policy:
        found = self._found
        return found.policy if found is not None and time.time() < found.until else self._look().policy

    def to_come(self) -> Sequence[Policy]:
        """Released versions whose day has not come yet, earliest first."""
        found = self._found
        return (found if found is not None and time.time() < found.until else self._look()).to_come

    def notice_releases(self) -> None:
        """Look again if another process has released a version."""
        found = self._found
        if found is not None and found.known != max(versions.history(settings.POLICY), default=0):
            self._look()

    def cache_clear(self) -> None:
        self._found = None

    def _look(self) -> _Found:
        """What runs goes on when a version cannot be read: who edits files must not stop the site."""
        try:
            self._found = _look(datetime.now(UTC))
        except PolicyRefused:
            if self._found is None:
                raise
            logger.exception("policy.version_not_read")
            self._found = _Found(self._found.policy, self._found.to_come, self._found.known, time.time() + AGAIN_S)
        return self._found


def _look(now: datetime) -> _Found:
    folder, today = settings.POLICY, now.date()
    known = max(versions.history(folder), default=0)
    to_come = versions.to_come(folder, today)
    policy = versions.in_force(folder, today) if settings.POLICY_IN_FORCE != FILES else None
    days = [datetime.combine(one.effective, clock.min, UTC).timestamp() for one in to_come]
    return _Found(policy or compile_policy(folder), to_come, known, min(days, default=float("inf")))


get_policy = _InForce()
