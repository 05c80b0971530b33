"""Typed facts between apps. `config/wiring.py` lists every reaction on one page; nothing subscribes elsewhere."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction

type Reaction = Callable[[Any], None]

_in_transaction: dict[type, tuple[Reaction, ...]] = {}
_after_commit: dict[type, tuple[Reaction, ...]] = {}


def wire(*, in_transaction: Mapping[type, Sequence[Reaction]], after_commit: Mapping[type, Sequence[Reaction]]) -> None:
    """Replace the whole wiring. Called once, by `vasistas.config`."""
    _in_transaction.clear()
    _after_commit.clear()
    _in_transaction.update({event: tuple(reactions) for event, reactions in in_transaction.items()})
    _after_commit.update({event: tuple(reactions) for event, reactions in after_commit.items()})


def publish(event: object) -> None:
    """Tell the wired reactions of a past fact.

    Reactions "in transaction" write rows and live or die with the caller's write. Reactions "after commit" do
    network, best effort: one that fails is logged by Django and stops no other.
    """
    for reaction in _in_transaction.get(type(event), ()):
        reaction(event)
    for reaction in _after_commit.get(type(event), ()):
        transaction.on_commit(functools.partial(reaction, event), robust=True)
