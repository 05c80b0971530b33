"""Recipients are told of corrections and erasures: a real server that listens, refuses, hangs, or never answers."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core import mail
from django.db import transaction
from django.utils import timezone

from tests.factories.accounts import make_member
from vasistas.apps.accounts import operations as accounts
from vasistas.apps.privacy import operations, queries
from vasistas.apps.privacy.models import NOTICE_ATTEMPTS_MAX, Correction, RecipientNotice
from vasistas.apps.privacy.models.recipients import wait_after
from vasistas.config import worker
from vasistas.guard import purposes
from vasistas.guard.egress import door, webhooks
from vasistas.guard.egress import queries as egress
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotFound

pytestmark = pytest.mark.django_db
NAME, MAIL = "user.account.username", "user.contact.email"
PSEUDONYM = "user.unique_id.pseudonymous"
State = RecipientNotice.State
WORKED = timedelta(days=1)


@dataclass
class Partner:
    """A recipient on this machine. answer: what it does with a request; records: what it holds, by its own names."""

    answer: Callable[[BaseHTTPRequestHandler, str], None]
    got: list[dict[str, Any]] = field(default_factory=list)
    handled: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        id_, at = handler.headers["webhook-id"], handler.headers["webhook-timestamp"]
        key = base64.b64decode(webhooks.public_key("mail").removeprefix("whpk_"))
        version, _, signature = handler.headers["webhook-signature"].partition(",")
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature), f"{id_}.{at}.".encode() + body)
        assert version == "v1a"
        self.got.append({"id": id_, "body": body.decode(), **json.loads(body)})
        self.handled.setdefault(id_, json.loads(body)["data"]["subject"])
        self.answer(handler, id_)


def say(status: int, body: bytes) -> Callable[[BaseHTTPRequestHandler, str], None]:
    def answer(handler: BaseHTTPRequestHandler, _id: str) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def acknowledge(handler: BaseHTTPRequestHandler, id_: str) -> None:
    say(200, json.dumps({"acknowledged": id_}).encode())(handler, id_)


@pytest.fixture
def partner() -> Iterator[Partner]:
    """Plays the mail provider as one that keeps names and wants to be told."""
    webhooks.public_key("mail")  # made before the server's thread asks for it
    played = Partner(acknowledge)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            played.take(self)

        def log_message(self, *_said: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    played.url = f"http://127.0.0.1:{server.server_address[1]}/notices"
    with playing(told_at=played.url):
        yield played
    server.shutdown()
    server.server_close()


def playing(**over: Any) -> Any:
    every = get_policy().recipients
    one = {"categories": frozenset({NAME, MAIL, PSEUDONYM}), "not_told": {}, **over}
    return door.rehearsing({**every, "mail": replace(every["mail"], **one)})


def hand_over(member: Any, category: str = NAME) -> None:
    with processing("account"):
        door.hand_over("mail", {category}, [member.subject_id])


def only() -> RecipientNotice:
    return RecipientNotice.objects.get()


def make_due(at: datetime) -> RecipientNotice:
    """A notice of an erasure, of somebody whose name the partner got."""
    vi = make_member("Vi")
    hand_over(vi)
    operations.tell_recipients(subject_id=vi.subject_id, what="erased", at=at)
    return only()


# -- Who is told, of what, and in which transaction -------------------------------------------------------------------


def test_a_correction_is_told_to_who_got_it_under_their_own_name(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)

    accounts.change_name(member=vi, display_name="Viola")

    notice = only()
    assert (notice.what, notice.categories, notice.state) == ("corrected", NAME, State.PENDING)
    assert notice.about == egress.known_as(vi.subject_id, "mail") != egress.known_as(vi.subject_id, "media")
    assert operations.send_notices(at=timezone.now()) == 1
    assert [one["data"] for one in partner.got] == [{"subject": notice.about, "categories": [NAME]}]
    assert partner.got[0]["type"] == "data.corrected"
    assert "Vi" not in partner.got[0]["body"]


def test_who_got_nothing_of_it_is_not_told(partner: Partner) -> None:
    vi, max_ = make_member("Vi"), make_member("Max")
    hand_over(vi, MAIL)

    accounts.change_name(member=vi, display_name="Viola")  # it got the address alone
    accounts.change_name(member=max_, display_name="Maximilian")
    operations.erase(subject_id=max_.subject_id, at=timezone.now())

    assert RecipientNotice.objects.count() == 0


def test_a_recipient_of_which_the_policy_says_why_not_is_not_told(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)
    with playing(told_at="", not_told={"en": "It keeps nothing."}):
        operations.erase(subject_id=vi.subject_id, at=timezone.now())
    assert RecipientNotice.objects.count() == 0


def test_an_erasure_is_told_after_the_person_is_gone(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)
    about, ours = egress.known_as(vi.subject_id, "mail"), [vi.subject.audit_id, vi.subject.key_handle.hex]

    operations.erase(subject_id=vi.subject_id, at=timezone.now())
    assert operations.send_notices(at=timezone.now()) == 1

    assert partner.got[0]["type"] == "data.erased"
    assert partner.got[0]["data"] == {"subject": about, "categories": [NAME]}
    assert not [one for one in (*ours, "vi@example.org") if one in partner.got[0]["body"]]
    assert only().state == State.ACKNOWLEDGED


def test_erasing_twice_tells_once_and_overtakes_what_was_not_told_yet(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)
    accounts.change_name(member=vi, display_name="Viola")

    for _time in range(2):
        operations.tell_recipients(subject_id=vi.subject_id, what="erased", at=timezone.now())
    operations.erase(subject_id=vi.subject_id, at=timezone.now())

    assert [one.what for one in RecipientNotice.objects.all()] == ["erased"]


def test_ten_corrections_before_the_first_is_sent_are_one_notice(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)
    for number in range(10):
        accounts.change_name(member=vi, display_name=f"Viola {number}")
    assert RecipientNotice.objects.count() == 1
    assert Correction.objects.count() == 10


def test_what_is_rolled_back_is_neither_kept_nor_told(partner: Partner) -> None:
    vi = make_member("Vi")
    hand_over(vi)
    with transaction.atomic():
        accounts.change_name(member=vi, display_name="Viola")
        transaction.set_rollback(True)
    assert (RecipientNotice.objects.count(), Correction.objects.count()) == (0, 0)


# -- Sending ----------------------------------------------------------------------------------------------------------


def test_a_failure_is_sent_again_under_the_same_id_and_not_before_its_time(partner: Partner) -> None:
    now = timezone.now()
    make_due(now)
    partner.answer = say(500, b"")

    assert operations.send_notices(at=now) == 0
    failed = only()
    assert (failed.state, failed.fault, failed.attempts) == (State.FAILED, "status 500", 1)
    assert failed.next_attempt_at == now + wait_after(1)
    partner.answer = acknowledge
    assert operations.send_notices(at=now) == 0  # not yet
    assert operations.send_notices(at=failed.next_attempt_at) == 1

    assert (only().state, only().settled_at) == (State.ACKNOWLEDGED, failed.next_attempt_at)
    assert len({one["id"] for one in partner.got}) == 1
    assert operations.send_notices(at=now + WORKED) == 0
    assert len(partner.got) == 2


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (say(200, b"OK"), "another answer"),
        (say(200, b'{"acknowledged": "something"}'), "another answer"),
        (say(200, b""), "another answer"),
        (say(200, b"x" * 5000), "answer too long"),
        (say(302, b""), "status 302"),
        (say(410, b""), "status 410"),
        (lambda handler, _id: handler.connection.close(), "unreachable"),
    ],
)
def test_only_the_echo_of_the_id_acknowledges(partner: Partner, answer: Any, fault: str) -> None:
    now = timezone.now()
    make_due(now)
    partner.answer = answer
    assert operations.send_notices(at=now) == 0
    assert (only().state, only().fault) == (State.FAILED, fault)


def test_who_does_not_answer_in_time_is_asked_again(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    now, is_over = timezone.now(), threading.Event()
    make_due(now)
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 0.2)
    partner.answer = lambda _handler, _id: is_over.wait(30) and None

    assert operations.send_notices(at=now) == 0
    is_over.set()

    assert (only().state, only().fault) == (State.FAILED, "timeout")
    partner.answer = acknowledge
    assert operations.send_notices(at=only().next_attempt_at) == 1


def test_a_recipient_that_is_not_there_holds_up_no_other(partner: Partner) -> None:
    now = timezone.now()
    for name in ("Vi", "Max", "Bo"):
        vi = make_member(name)
        hand_over(vi)
        with processing("rooms"):
            door.hand_over("media", {"user.device"}, [vi.subject_id])
        with door.rehearsing(
            {**door.recipients(), "media": replace(get_policy().recipients["media"], not_told={}, told_at=partner.url)}
        ):
            operations.tell_recipients(subject_id=vi.subject_id, what="erased", at=now)
    media = replace(get_policy().recipients["media"], not_told={}, told_at="http://127.0.0.1:1/notices")

    with door.rehearsing({**door.recipients(), "media": media}):
        assert operations.send_notices(at=now) == 3

    tried = RecipientNotice.objects.filter(recipient="media").values_list("attempts", flat=True)
    assert sorted(tried) == [0, 0, 1]  # one attempt told enough


def test_who_never_acknowledges_is_handed_to_a_person_with_one_alarm(partner: Partner, settings: Any) -> None:
    at = timezone.now()
    make_due(at)
    max_ = make_member("Max")
    hand_over(max_)
    operations.tell_recipients(subject_id=max_.subject_id, what="erased", at=at)
    partner.answer = say(503, b"")
    mail.outbox.clear()

    for _round in range(3 * NOTICE_ATTEMPTS_MAX):
        operations.send_notices(at=at)
        at += WORKED

    assert {one.state for one in RecipientNotice.objects.all()} == {State.ESCALATED}
    assert len(partner.got) == 2 * NOTICE_ATTEMPTS_MAX
    assert [(one.to, one.subject) for one in mail.outbox] == [
        ([settings.OPERATOR.mail], "Something at the site needs you")
    ]
    assert "/staff/recipients/" in mail.outbox[0].body
    assert not [one for one in RecipientNotice.objects.all() if one.about in mail.outbox[0].body]
    assert operations.send_notices(at=at + WORKED) == 0


def test_a_recipient_without_an_address_is_handed_to_a_person_at_once(partner: Partner) -> None:
    now = timezone.now()
    make_due(now)
    with playing(told_at=""):
        operations.send_notices(at=now)
    assert (only().state, only().fault) == (State.ESCALATED, "no address")


def test_the_door_has_its_say(partner: Partner) -> None:
    now = timezone.now()
    make_due(now)
    with playing(told_at=partner.url, country="US", instrument="Clauses", expires=now.date() - timedelta(days=1)):
        operations.send_notices(at=now)
    assert (only().state, only().fault, partner.got) == (State.FAILED, "refused by the door", [])


def test_a_process_that_dies_before_the_acknowledgement_sends_again_and_the_partner_knows_it(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    notice = make_due(now)
    deliver = webhooks.deliver

    def power_fails(*sent: Any, **how: Any) -> None:
        deliver(*sent, **how)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(webhooks, "deliver", power_fails)
        with pytest.raises(SystemExit):
            operations.send_notices(at=now)
    assert (only().state, only().attempts) == (State.PENDING, 1)

    assert operations.send_notices(at=only().next_attempt_at) == 1
    assert [one["id"] for one in partner.got] == [str(notice.notice_id)] * 2
    assert partner.handled == {str(notice.notice_id): notice.about}  # once


def test_another_worker_leaves_alone_what_is_being_sent(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    notice = make_due(now)
    deliver, others = webhooks.deliver, list[bool]()

    def while_another_looks(*sent: Any, **how: Any) -> None:
        others.append(operations.send_notice(notice.pk, at=now))
        deliver(*sent, **how)

    monkeypatch.setattr(webhooks, "deliver", while_another_looks)
    assert operations.send_notices(at=now) == 1
    assert others == [False]
    assert len(partner.got) == 1


def run_worker(partner: Partner, at: datetime) -> None:
    """As the worker does: with no purpose stated, in no request."""
    with purposes.scope(lambda: purposes.NOBODY), playing(told_at=partner.url):
        worker.tell_recipients(at)


def test_the_worker_sends_fails_and_escalates_by_purposes_of_its_own(partner: Partner) -> None:
    at = timezone.now()
    make_due(at)
    run_worker(partner, at)
    assert only().state == State.ACKNOWLEDGED

    partner.answer = say(500, b"")
    RecipientNotice.objects.update(state=State.PENDING, attempts=0, next_attempt_at=at)
    for _round in range(NOTICE_ATTEMPTS_MAX):
        run_worker(partner, at)
        at += WORKED
    assert only().state == State.ESCALATED
    assert len(mail.outbox) == 1


def test_waits_grow_and_end() -> None:
    waits = [wait_after(number) for number in range(1, NOTICE_ATTEMPTS_MAX + 1)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=1)
    assert waits[-1] == timedelta(days=1)
    assert timedelta(days=2) < sum(waits[:-1], timedelta()) < timedelta(days=4)


# -- Afterwards -------------------------------------------------------------------------------------------------------


def test_staff_send_again_or_settle_what_was_escalated_and_nothing_else(partner: Partner) -> None:
    now = timezone.now()
    notice = make_due(now)
    for act in (operations.send_again, operations.settle_by_hand):
        with pytest.raises(NotFound):
            act(notice_id=str(notice.notice_id), at=now)
    with playing(told_at=""):
        operations.send_notices(at=now)

    operations.send_again(notice_id=str(notice.notice_id), at=now)
    assert operations.send_notices(at=now) == 1

    RecipientNotice.objects.update(state=State.ESCALATED)
    operations.settle_by_hand(notice_id=str(notice.notice_id), at=now)
    assert (only().state, only().by_hand, only().settled_at) == (State.ACKNOWLEDGED, True, now)


def test_a_notice_dies_thirty_days_after_it_was_acknowledged_and_not_before(partner: Partner) -> None:
    now = timezone.now()
    make_due(now)
    assert operations.forget_notices(now + timedelta(days=400)) == 0  # never acknowledged
    operations.send_notices(at=now)
    assert operations.forget_notices(now + timedelta(days=29)) == 0
    assert operations.forget_notices(now + timedelta(days=31)) == 1


def test_the_person_sees_what_was_told_and_nobody_else_does(partner: Partner) -> None:
    vi, max_ = make_member("Vi"), make_member("Max")
    hand_over(vi)
    accounts.change_name(member=vi, display_name="Viola")
    operations.send_notices(at=timezone.now())

    assert [one.state for one in queries.notices_of(vi.subject_id, "mail")] == [State.ACKNOWLEDGED]
    assert queries.notices_of(max_.subject_id, "mail") == []
