"""The door: may these categories go to this recipient under the purpose in force? And the note that they did."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime

from django.utils import timezone

from vasistas.guard import purposes
from vasistas.guard.egress import operations
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.contradictions import EEA
from vasistas.guard.policy.model import Recipient
from vasistas.guard.purposes import Frame, GuardError

_refused: Counter[str] = Counter()
_rehearsed: ContextVar[Mapping[str, Recipient] | None] = ContextVar("vasistas_egress_rehearsed", default=None)

logger = logging.getLogger(__name__)


class TransferRefused(GuardError):  # noqa: N818 — refusals read as facts
    """The policy does not let this out. Nothing was sent. The message names keys of the policy, never a value."""


def hand_over(recipient: str, categories: Collection[str], subject_ids: Iterable[int | None]) -> None:
    """Check that this may leave, and note it for those it is about; call it right before sending.

    Args: subject_ids: whom it is about, None for somebody without an account; as many as things are sent.

    Raises: TransferRefused. DatabaseError: it cannot be noted; then it must not be sent.
    Source: GDPR Art. 15(1)(c), Art. 5(2), Art. 30(1)(d).
    """
    frame = require(recipient, categories)
    operations.note(
        recipient=recipient,
        purpose=frame.purpose.key,
        categories=categories,
        subject_ids=list(subject_ids),
        at=timezone.now(),
    )


def require(recipient: str, categories: Collection[str]) -> Frame:
    """Check alone: for what stays on this machine, in a process of ours. Returns the statement in force.

    Raises: TransferRefused.
    """
    frame = purposes.current()
    faults = sorted(faults_of(recipient, categories, frame, datetime.now(UTC).date()))
    if not faults and frame is not None:
        return frame
    _refused[recipient] += 1
    logger.error("egress.transfer_refused purpose=%s faults=%s", frame.purpose.key if frame else "", len(faults))
    raise TransferRefused(" ".join(faults))


def refusals() -> dict[str, int]:
    """How often the door stayed shut since the process started: recipient -> times."""
    return dict(_refused)


def recipients() -> Mapping[str, Recipient]:
    """Who may get something: the policy's list."""
    rehearsed = _rehearsed.get()
    return get_policy().recipients if rehearsed is None else rehearsed


@contextmanager
def rehearsing(played: Mapping[str, Recipient]) -> Iterator[None]:
    """Let a check play with other recipients, in its own context alone; sockets keep to the policy's list."""
    token = _rehearsed.set(played)
    try:
        yield
    finally:
        _rehearsed.reset(token)


def faults_of(recipient: str, categories: Collection[str], frame: Frame | None, today: date) -> Iterator[str]:
    """Yield what keeps `categories` from going to `recipient` under the statement `frame`, in sentences."""
    policy = get_policy()
    one = recipients().get(recipient)
    if one is None:
        yield f"The policy has no recipient {recipient!r}. Add it to [recipients] of policy/policy.toml."
        return
    if not categories:
        yield f"Nothing is named for {recipient!r}. Name the categories that leave."
    for category in sorted(set(categories) - one.categories):
        yield f"The recipient {recipient!r} does not get {category!r}. Send less, or add it to its categories."
    if transfer := fault_of_transfer(one, today):
        yield transfer
    if frame is None:
        yield "No purpose is stated. Send inside `with processing(…):`."
        return
    key = frame.purpose.key
    for category in sorted(set(categories) - frame.purpose.categories):
        yield f"The purpose {key!r} does not allow {category!r}."
    if not any(recipient in row.recipients for row in policy.activities.values() if row.purpose == key):
        yield f"No activity under the purpose {key!r} has the recipient {recipient!r}."


def fault_of_transfer(one: Recipient, today: date) -> str:
    """Return what is wrong with a transfer out of the EEA on this day (GDPR Art. 44 to 46), or ""."""
    if one.country not in EEA and not one.instrument:
        return f"The recipient {one.key!r} is outside the EEA, without an instrument."
    if one.expires is not None and one.expires < today:
        return f"The transfer instrument of {one.key!r} has expired. Renew it in policy/policy.toml."
    return ""
