"""Every reaction to every event of the product, on one page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vasistas.lib import events

type Reactions = Mapping[type, Sequence[Callable[[Any], None]]]

IN_TRANSACTION: Reactions = {}
AFTER_COMMIT: Reactions = {}


def connect() -> None:
    events.wire(in_transaction=IN_TRANSACTION, after_commit=AFTER_COMMIT)
