"""Ada is live on a node in memory; Vi and the others have credits; the clock is the tests'."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from tests.factories.shows import ask, give_credits, open_offer
from vasistas import media
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.rooms.rules import Viewer
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows import queries
from vasistas.apps.shows.models import Seat, Show
from vasistas.apps.wallet import queries as wallet
from vasistas.media.fake import FakeMedia
from vasistas.media.port import NodeUnreachable

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
OFFER = "v=0\r\n"
CREDITS = 10_000


class Node(FakeMedia):
    """A node in memory that may be out of reach."""

    is_away = False

    def session_stats(self, session):
        if self.is_away:
            raise NodeUnreachable("The media server does not answer.")
        return super().session_stats(session)


class Scene:
    """at: now. run(seconds): time passes, the worker ticks each second, and those who watch get `delivered` of them."""

    def __init__(self) -> None:
        self.at = NOON
        self.node = Node(clock=self._now)
        self.cursor = ""
        self.watching: dict[int, str] = {}  # member -> session

    def _now(self) -> float:
        return self.at.timestamp()

    def later(self, **delta: float) -> None:
        self.at += timedelta(**delta)

    def set_up(self) -> None:
        self.ada, self.vi, self.max, self.bo = (make_member(name, password=None) for name in ("Ada", "Vi", "Max", "Bo"))
        self.room = make_room(make_host(self.ada))
        for member in (self.vi, self.max, self.bo):
            give_credits(member, CREDITS, NOON - timedelta(days=1))
        open_offer(self.room)
        self.go_live()

    def go_live(self) -> None:
        self.publisher = secrets.token_hex(16)
        rooms.go_live(room=self.room, session=self.publisher, offer=OFFER, ingest="browser", takeover=True, at=self.at)
        self.follow()

    def follow(self) -> None:
        batch = self.node.events(after=self.cursor, wait_s=0)
        self.cursor = batch.cursor
        rooms.apply_node_events(batch.events, at=self.at)
        self.room = Room.objects.with_host().get(pk=self.room.pk)

    def watch(self, member: Member | None) -> str:
        session = secrets.token_hex(16)
        room = Room.objects.with_host().get(pk=self.room.pk)
        subject_id = member.subject_id if member else None
        rooms.watch(room=room, session=session, offer=OFFER, subject_id=subject_id, at=self.at)
        if member is not None:
            self.watching[member.pk] = session
        self.follow()
        return session

    def is_watching(self, session: str) -> bool:
        return session in self.node._sessions

    def start(self, *, minutes: int = 2, keeps_chat: bool = False) -> Show:
        """Vi asks, Ada accepts, Vi watches."""
        show = ask(self.room, self.vi, self.at, minutes=minutes, keeps_chat=keeps_chat)
        shows.accept(show=show, host=self.ada, keeps_chat=keeps_chat, at=self.at)
        self.follow()
        self.watch(self.vi)
        return self.again(show)

    def again(self, show: Show) -> Show:
        """The show as it stands now."""
        return queries.get_show_for(Viewer(self.ada), show.key)

    def run(self, seconds: int, *, to: tuple[Member, ...] | None = None) -> None:
        """Args: to: who gets the picture; everyone who watches unless told."""
        members = list(self.watching) if to is None else [member.pk for member in to]
        for _ in range(seconds):
            self.at += timedelta(seconds=1)
            for pk in members:
                if self.is_watching(self.watching[pk]):
                    self.node.deliver(self.watching[pk], seconds=1)
            shows.tick(at=self.at)

    def seat(self, show: Show, member: Member) -> Seat:
        return Seat.objects.get(show=show, subject=member.subject_id)

    def balance(self, member: Member) -> int:
        return wallet.balance_of(member.subject_id)

    def held(self, member: Member) -> int:
        return wallet.balance_of(member.subject_id, "hold")

    def earned(self) -> int:
        return wallet.balance_of(self.ada.subject_id, "host")


@pytest.fixture
def scene(db) -> Iterator[Scene]:
    former = media._configured[:]
    made = Scene()
    media.configure(made.node)
    made.set_up()
    yield made
    media._configured[:] = former


@pytest.fixture(autouse=True)
def sums_stay_zero(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test of this folder that had a database, the ledger balances."""
    yield
    if "scene" in request.fixturenames:
        assert sum(kind.balance for kind in wallet.trial_balance()) == 0
        assert wallet.unbalanced_transfers() == 0
        assert wallet.wrong_balances() == 0
