"""Erasing one person: unreadable, gone, and only theirs; also while they write, on a database with many writers."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.chat import make_message
from tests.factories.providers import make_host
from tests.factories.rooms import make_room, make_watch_session
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat import operations as chat
from vasistas.apps.chat.models import Message
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import Subject
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Room, WatchSession
from vasistas.guard import keyring
from vasistas.guard.purposes import processing
from vasistas.guard.sealed import SealedGone
from vasistas.guard.subjects import SubjectGone
from vasistas.media.fake import FakeMedia

TRIALS = 30
WRITES_BEFORE, WRITES_MAX = 3, 60  # of one writer in one trial: the eraser comes in between
OFFER = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"


@pytest.mark.django_db
def test_erasing_takes_all_that_is_theirs_and_nothing_else() -> None:
    vi, max_ = make_member("Vi"), make_member("Max")
    room = make_room()
    for member in (vi, max_):
        make_message(room, member, "hello")
        make_watch_session(room, subject_id=member.subject_id)
        rooms.follow(room=room, member=member, at=timezone.now())
    others = operations.rows_of(max_.subject_id)

    erased = operations.erase(subject_id=vi.subject_id, at=timezone.now())

    assert {"chat.Message": 1, "rooms.Follow": 1, "rooms.WatchSession": 1, "accounts.Member": 1}.items() <= (
        erased.rows.items()
    )
    assert erased.keys >= 1
    assert operations.rows_of(vi.subject_id) == {}
    assert operations.rows_of(max_.subject_id) == others
    assert [line.text for line in Message.objects.filter(room=room)] == ["hello"]


@pytest.mark.django_db
def test_a_host_goes_with_the_room() -> None:
    room = make_room()
    ada = room.host.member
    make_message(room, make_member("Vi"), "hello")

    operations.erase(subject_id=ada.subject_id, at=timezone.now())

    assert not Room.objects.filter(pk=room.pk).exists()
    assert operations.rows_of(ada.subject_id) == {}
    assert Member.objects.filter(display_name="Vi").exists()


@pytest.mark.django_db
def test_what_was_sealed_stays_closed_even_where_a_copy_of_the_row_comes_back() -> None:
    vi = make_member("Vi")
    copy = Subject.objects.get(pk=vi.subject_id)  # as from a backup
    number = copy.audit_id

    operations.erase(subject_id=vi.subject_id, at=timezone.now())

    keyring.forget_cached()
    with pytest.raises(keyring.KeyDestroyed):
        keyring.data_key(copy.key_handle, "identity")
    with pytest.raises(SealedGone) as raised:
        copy.audit_id  # noqa: B018 — opening it is the act
    assert number not in str(raised.value)


@pytest.mark.django_db
def test_erasing_twice_changes_nothing_more() -> None:
    vi = make_member("Vi")
    operations.erase(subject_id=vi.subject_id, at=timezone.now())
    again = operations.erase(subject_id=vi.subject_id, at=timezone.now())
    assert again.rows == {}
    assert Subject.objects.get(pk=vi.subject_id).state == Subject.State.ERASED


@pytest.mark.django_db
def test_an_interrupted_erasure_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    vi, room = make_member("Vi"), make_room()
    make_message(room, vi, "hello")

    def power_fails() -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("vasistas.guard.erasure.plan", power_fails)
        with pytest.raises(SystemExit):
            operations.erase(subject_id=vi.subject_id, at=timezone.now())
    assert Subject.objects.get(pk=vi.subject_id).state == Subject.State.ERASING
    with pytest.raises(SubjectGone):
        rooms.follow(room=room, member=vi, at=timezone.now())

    operations.erase(subject_id=vi.subject_id, at=timezone.now())
    assert operations.rows_of(vi.subject_id) == {}


# -- While they write --------------------------------------------------------------------------------------------------


def _in_thread(act: Callable[[], None], raised: list[BaseException]) -> threading.Thread:
    def run() -> None:
        try:
            with processing("test"):
                act()
        except BaseException as error:  # noqa: BLE001 — the test judges it
            raised.append(error)
        finally:
            connections.close_all()

    return threading.Thread(target=run)


@dataclass
class Trial:
    """One person who writes in three ways while they are erased."""

    number: int
    room: Room
    vi: Member
    at: datetime
    is_busy: threading.Event = field(default_factory=threading.Event)
    is_erased: threading.Event = field(default_factory=threading.Event)

    def say(self, number: int) -> None:
        at = self.at + timedelta(seconds=11 * number)  # slowly enough for the chat's pace
        chat.say(room=self.room, author=self.vi, text=f"line {number}", at=at)
        if number == WRITES_BEFORE:
            self.is_busy.set()

    def watch(self, number: int) -> None:
        session = f"{self.number:08x}{number:023x}f"
        rooms.watch(room=self.room, session=session, offer=OFFER, subject_id=self.vi.subject_id, at=self.at)

    def follow(self, _number: int) -> None:
        rooms.follow(room=self.room, member=self.vi, at=self.at)
        rooms.unfollow(room=self.room, member=self.vi)

    def erase(self) -> None:
        assert self.is_busy.wait(timeout=30)
        operations.erase(subject_id=self.vi.subject_id, at=self.at)
        self.is_erased.set()

    def until_refused(self, write: Callable[[int], None]) -> Callable[[], None]:
        def act() -> None:
            for number in range(WRITES_MAX):
                write(number)
            assert self.is_erased.wait(timeout=30)
            write(WRITES_MAX)

        return act


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connections['default'].vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_erasing_against_writers_leaves_nothing_in_thirty_trials(node: FakeMedia) -> None:
    left: dict[int, dict[str, int]] = {}
    met_the_fence = 0
    for number in range(TRIALS):
        room = make_room(make_host(make_member(f"Ada {number}", password=None)), "live")
        trial = Trial(number, room, make_member(f"Vi {number}", password=None), timezone.now())
        node.publish(room=str(room.pk), session=f"{number:031x}e", offer=OFFER)
        refused, failed = list[BaseException](), list[BaseException]()
        writers = [_in_thread(trial.until_refused(write), refused) for write in (trial.say, trial.watch, trial.follow)]
        threads = [*writers, _in_thread(trial.erase, failed)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failed == []
        # Each writer was refused in the end, by the fence or by the missing member behind it.
        assert len(refused) == len(writers)
        assert {type(error) for error in refused} <= {SubjectGone, Member.DoesNotExist}
        met_the_fence += any(isinstance(error, SubjectGone) for error in refused)
        if rows := operations.rows_of(trial.vi.subject_id):
            left[number] = rows
    assert left == {}
    assert met_the_fence, "In no trial did a writer meet the fence: the race was not there."


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connections['default'].vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_without_the_fence_a_row_would_be_left() -> None:
    """What the fence is for: a writer that only looks first leaves a row behind, and the scan sees it."""
    vi, room = make_member("Vi"), make_room()
    looked, erased = threading.Event(), threading.Event()
    raised: list[BaseException] = []

    def write_unfenced() -> None:
        with transaction.atomic():
            assert Subject.objects.get(pk=vi.subject_id).state == Subject.State.ACTIVE
            looked.set()
            assert erased.wait(timeout=30)
            WatchSession.objects.create(
                room=room, session="f" * 32, subject_id=vi.subject_id, started_at=timezone.now()
            )

    writer = _in_thread(write_unfenced, raised)
    writer.start()
    assert looked.wait(timeout=30)
    operations.erase(subject_id=vi.subject_id, at=timezone.now())
    erased.set()
    writer.join(timeout=30)
    assert raised == []
    assert operations.rows_of(vi.subject_id) == {"rooms.WatchSession": 1}
