"""One round of the worker: everything that is due, each by itself, so that one that fails holds up no other."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from vasistas.apps.purchases import queries
from vasistas.apps.purchases.operations.hints import take_hint
from vasistas.apps.purchases.operations.methods import run_forgetting
from vasistas.apps.purchases.operations.refunding import run_refund
from vasistas.apps.purchases.operations.settling import look, put_off
from vasistas.lib.errors import DomainError

logger = logging.getLogger(__name__)


def follow(*, at: datetime) -> int:
    """Look at new messages, at purchases nobody told about, refunds on their way and methods to forget. How many."""
    count = _each(queries.hints_due(at), lambda pk: take_hint(hint_id=pk, at=at))
    count += _each(queries.purchases_due(at), lambda pk: _look(pk, at))
    count += _each(queries.refunds_due(at), lambda pk: run_refund(refund_id=pk, at=at))
    return count + _each(queries.methods_due(at), lambda pk: run_forgetting(method_id=pk, at=at))


def _look(purchase_id: int, at: datetime) -> None:
    try:
        look(purchase_id=purchase_id, at=at)
    except DomainError:  # the provider is away, or not enabled any more
        put_off(purchase_id=purchase_id, at=at)


def _each(due: Iterable[int], act: Callable[[int], object]) -> int:
    count = 0
    for pk in due:
        try:
            act(pk)
        except Exception as error:  # noqa: BLE001 — its own wait was set before; the others go on
            logger.error("purchases.step_failed error=%s", type(error).__name__)  # noqa: TRY400 — a traceback could quote rows
        count += 1
    return count
