"""From the operator's files to typed objects, or every fault at once: file, line, what is wrong, what to do."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from vasistas.guard.policy import versions
from vasistas.guard.policy.drafts import compile_draft
from vasistas.guard.policy.faults import PolicyRefused
from vasistas.guard.policy.model import Policy


def compile_policy(folder: Path, known_checks: Collection[str] | None = None, *, today: date | None = None) -> Policy:
    """Compile the policy in `folder`, and hold it against the release of its version, if there is one.

    Args: known_checks: keys in the registry of checks; None: rules may name checks that do not exist.
        today: the day transfers are judged on; None: today, in UTC.

    Raises: PolicyRefused: with every fault: file, line, what is wrong, what to do.
    """
    today = today or datetime.now(UTC).date()
    source, policy = compile_draft(folder, Path(folder.name), known_checks=known_checks, today=today)
    is_released = versions.compare(source, policy, folder)
    if source.faults:
        raise PolicyRefused(source.faults)
    return replace(policy, is_released=is_released)
