"""Whatever comes in whatever order, twice, too late or half: the bill never exceeds what was delivered, and the ledger
balances. What was delivered is counted by the test itself, at the node.
"""

import contextlib
from collections import Counter
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.apps.shows.conftest import CREDITS, Scene
from vasistas import media
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows.models import Seat, Show
from vasistas.apps.shows.operations import money
from vasistas.apps.wallet import queries as wallet
from vasistas.apps.wallet.models import Account, Entry
from vasistas.lib.errors import DomainError

EXAMPLES = 40
PRICES = {"vi": 300, "max": 60}  # minor units per minute, of the payer and the spy


class Cut(Exception):  # noqa: N818 — a crash between two writes
    pass


class Play:
    """One show and all that may happen to it. given: seconds the node handed over, by name."""

    def __init__(self) -> None:
        self.scene = Scene()
        media.configure(self.scene.node)
        self.scene.set_up()
        self.show = self.scene.start(minutes=1)
        self.given: Counter[str] = Counter()
        self.former_ticks: list[object] = []

    def second(self, to: frozenset[str]) -> None:
        """A second passes; the picture reaches `to`; no worker looks."""
        self.scene.later(seconds=1)
        for name in sorted(to):
            session = self.scene.watching.get(getattr(self.scene, name).pk, "")
            if self.scene.is_watching(session):
                self.scene.node.deliver(session, seconds=1)
                self.given[name] += 1

    def tick(self) -> None:
        shows.tick(at=self.scene.at)

    def tick_twice(self) -> None:
        self.tick()
        self.tick()

    def tick_that_dies(self) -> None:
        """The worker dies after the money moved and before anything was committed."""
        capture = money.wallet.capture

        def dying(**words: object) -> None:
            capture(**words)
            raise Cut

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(money.wallet, "capture", dying)
            with contextlib.suppress(Cut), transaction.atomic():
                shows.tick(at=self.scene.at)

    def worker_comes_back(self) -> None:
        shows.recover(at=self.scene.at, is_start=True)

    def node_forgets(self) -> None:
        """The node dies and starts again: every session is gone, and what it counted and had not told."""
        for session in [*self.scene.watching.values(), self.scene.publisher]:
            self.scene.node._sessions.pop(session, None)
        self.scene.node._rooms.clear()

    def node_is_away(self) -> None:
        self.scene.node.is_away = not self.scene.node.is_away

    def events_come(self) -> None:
        self.scene.follow()
        rooms.apply_node_events(
            self.scene.node.events(after="", wait_s=0).events, at=self.scene.at
        )  # all of them again

    def vi_watches(self) -> None:
        self.scene.watch(self.scene.vi)

    def max_spies(self) -> None:
        shows.spy(show=self.show, viewer=self.scene.max, minutes=1, at=self.scene.at)
        self.scene.watch(self.scene.max)

    def max_leaves(self) -> None:
        shows.leave(show=self.show, viewer=self.scene.max, at=self.scene.at)

    def vi_extends(self) -> None:
        shows.extend(show=self.show, viewer=self.scene.vi, minutes=1, token=UUID(int=1), at=self.scene.at)

    def vi_ends(self) -> None:
        shows.end(show=self.show, by=self.scene.vi, at=self.scene.at)

    def ada_ends(self) -> None:
        shows.end(show=self.show, by=self.scene.ada, at=self.scene.at)

    def check(self) -> None:
        assert sum(kind.balance for kind in wallet.trial_balance()) == 0
        assert wallet.wrong_balances() == 0
        assert not Account.objects.filter(balance__lt=0).exists()
        for name, price in PRICES.items():
            member = getattr(self.scene, name)
            paid = CREDITS - self.scene.balance(member) - self.scene.held(member)
            assert 0 <= paid <= price * self.given[name] // 60
            seat = Seat.objects.filter(show=self.show, subject=member.subject_id).first()
            assert paid == (seat.charged_minor if seat else 0)

    def close(self) -> None:
        self.scene.node.is_away = False
        shows.end(show=self.show, by=self.scene.ada, at=self.scene.at)
        shows.recover(at=self.scene.at)
        self.check()
        assert Show.objects.get(pk=self.show.pk).state == "ended"
        assert not Account.objects.filter(kind="hold", balance__gt=0).exists()
        entered = Counter(Entry.objects.filter(account__kind="hold").values_list("account", flat=True))
        assert entered  # money was held at all


ACTS = [
    *("tick", "tick", "tick_twice", "tick_that_dies", "worker_comes_back", "node_forgets", "node_is_away"),
    *("events_come", "vi_watches", "max_spies", "max_leaves", "vi_extends", "vi_ends", "ada_ends"),
]
SECONDS = st.lists(st.frozensets(st.sampled_from(["vi", "max"])), min_size=1, max_size=20)


@pytest.mark.django_db
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.one_of(st.sampled_from(ACTS), SECONDS), max_size=20))
def test_the_bill_never_exceeds_what_was_delivered(acts: list[str | list[frozenset[str]]]) -> None:
    former = media._configured[:]
    try:
        with transaction.atomic():
            play = Play()
            for act in acts:
                if isinstance(act, list):
                    for to in act:
                        play.second(to)
                else:
                    with contextlib.suppress(DomainError), transaction.atomic():
                        getattr(play, act)()
                play.check()
            play.close()
            transaction.set_rollback(True)
    finally:
        media._configured[:] = former
