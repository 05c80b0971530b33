"""Campaigns over a real SMTP connection: nobody against their will, nobody twice, nobody left out unseen."""

from datetime import timedelta

import pytest

from tests.apps.bulletins.readers import NOW, Clock, make_campaign, make_reader
from tests.factories.accounts import make_member
from tests.factories.consents import object_, withdraw
from tests.factories.providers import make_host
from tests.factories.rooms import make_broadcast, make_room
from tests.factories.smtp import mail_server
from vasistas.apps.accounts import outbox
from vasistas.apps.bulletins.models import Campaign, Send, Suppression
from vasistas.apps.bulletins.operations import handing, news, sending
from vasistas.apps.bulletins.queries import refusals
from vasistas.apps.rooms.models import Ban, Follow, Room

pytestmark = pytest.mark.django_db
State = Send.State


@pytest.fixture
def server(settings):
    with mail_server() as told:
        settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{told.port}?tls=none")}
        yield told


@pytest.fixture
def clock():
    return Clock()


def _states():
    return dict(Send.objects.values_list("contact__token", "state"))


def test_everyone_gets_it_once_and_the_campaign_ends(server, clock):
    readers = [make_reader(f"reader-{number}") for number in range(20)]
    campaign = make_campaign()

    assert sending.send_due(clock) == 20
    assert sending.send_due(clock) == 0

    assert sorted(server.recipients) == sorted(str(one.address) for one in readers)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.selected, campaign.handed, campaign.done_at) == ("done", 20, 20, NOW)


def test_an_objection_holds_from_the_next_message_on(server, clock):
    """Somebody objects after the first message; the lease has all of them already."""
    readers = {f"{name}@example.org": make_reader(name) for name in ("vi", "ada", "bo", "max")}
    make_campaign()
    objector = []

    def object_in_between():
        if server.taken and not objector:
            objector.append(next(address for address in readers if address not in server.recipients))
            object_(readers[objector[0]].subject_id, at=clock())
        return True

    assert sending.send_due(clock, object_in_between) == 3

    assert objector[0] not in server.recipients
    send = Send.objects.get(contact=readers[objector[0]])
    assert (send.state, send.because) == ("cancelled", "objected")
    assert Campaign.objects.get().objected == 1
    assert refusals.worst_delay() == 0


def test_the_worst_delay_is_measured(server, clock):
    vi = make_reader("vi")
    make_campaign()
    assert refusals.worst_delay() is None

    sending.send_due(clock)
    object_(vi.subject_id, at=NOW - timedelta(seconds=7))

    assert refusals.worst_delay() == 7


def test_consent_withdrawn_after_the_start_is_seen_when_leased(server, clock):
    vi, ada = make_reader("vi"), make_reader("ada")
    campaign = make_campaign()
    sending.begin(campaign.pk, NOW)
    withdraw(vi.subject_id, "bulletins", at=NOW)
    Send.objects.update(state=State.QUEUED)  # as if nothing had been cancelled then

    sending.send_due(clock)

    assert server.recipients == ["ada@example.org"]
    assert Send.objects.get(contact=vi).because == "withdrawn"
    assert Send.objects.get(contact=ada).state == State.HANDED


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_pausing_holds_from_the_next_message_on(server, clock, state):
    for number in range(5):
        make_reader(f"reader-{number}")
    campaign = make_campaign()

    def act_in_between():
        if server.taken:
            Campaign.objects.update(state=state)
        return True

    assert sending.send_due(clock, act_in_between) == 1

    assert len(server.taken) == 1
    campaign.refresh_from_db()
    assert campaign.state == state
    assert Send.objects.filter(state=State.QUEUED).count() == 4


def test_a_throttle_lets_so_many_go_in_a_minute(server, clock):
    for number in range(7):
        make_reader(f"reader-{number}")
    make_campaign(per_minute=3)
    went = []
    for _minute in range(4):
        went.append(sending.send_due(clock))
        assert sending.send_due(clock) == 0
        clock.now += timedelta(seconds=61)

    assert went == [3, 3, 1, 0]


def test_a_refused_address_is_not_written_to_again_and_a_busy_server_is_asked_later(server, clock):
    vi, ada = make_reader("vi"), make_reader("ada")
    make_campaign()
    answers = {"vi@example.org": b"451 busy\r\n", "ada@example.org": b"554 no\r\n"}
    server.before_yes = answers.get

    sending.send_due(clock)
    assert _states() == {vi.token: "queued", ada.token: "failed"}
    assert sending.send_due(clock) == 0

    answers.clear()
    clock.now += sending.BACK_OFF
    assert sending.send_due(clock) == 1
    assert server.recipients == ["vi@example.org"]


def test_it_fails_after_the_last_attempt(server, clock):
    make_reader("vi")
    make_campaign()
    server.before_yes = lambda _recipient: b"451 busy\r\n"
    for _attempt in range(sending.ATTEMPTS_MAX + 2):
        sending.send_due(clock)
        clock.now += timedelta(days=1)

    send = Send.objects.get()
    assert (send.state, send.attempts) == ("failed", sending.ATTEMPTS_MAX)
    assert Campaign.objects.get().failed == 1


@pytest.mark.parametrize(("code", "result"), [(550, "bounced"), (450, "later"), (552, "failed")])
def test_what_a_server_says_of_a_recipient(code, result):
    assert handing._of_recipient(code) == result


def test_a_mailbox_that_is_not_there_is_suppressed():
    vi = make_reader("vi")
    campaign = make_campaign()
    sending.begin(campaign.pk, NOW)
    lease = sending.take_lease(campaign.pk, NOW)
    assert sending.claim(lease.messages[0].send_id, lease, NOW)

    sending._note((lease.messages[0], handing.Came(handing.Result.BOUNCED), NOW))

    assert Send.objects.get().state == State.BOUNCED
    assert Suppression.objects.get().index == vi.index


def test_without_a_server_everyone_waits_and_nobodys_attempt_is_counted(settings, clock):
    with mail_server() as gone:
        port = gone.port
    settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{port}?tls=none")}
    make_reader("vi")
    make_reader("ada")
    make_campaign()

    assert sending.send_due(clock) == 0

    assert set(Send.objects.values_list("state", "attempts")) == {("queued", 0)}
    assert Campaign.objects.get().state == "sending"


def test_what_a_worker_had_in_its_hands_is_unclear_and_the_rest_goes_on(server, clock):
    first, second = make_reader("vi"), make_reader("ada")
    campaign = make_campaign()
    sending.begin(campaign.pk, NOW)
    lease = sending.take_lease(campaign.pk, NOW)
    claimed = lease.messages[0]
    assert sending.claim(claimed.send_id, lease, NOW)
    assert not sending.claim(claimed.send_id, lease, NOW)
    clock.now += sending.LEASED_FOR
    assert not sending.claim(lease.messages[1].send_id, lease, clock())

    sending.send_due(clock)

    assert len(server.taken) == 1
    assert Send.objects.get(pk=claimed.send_id).state == State.UNCLEAR
    assert set(_states().values()) == {"unclear", "handed"}
    assert {first.token, second.token} == set(_states())
    campaign.refresh_from_db()
    assert (campaign.state, campaign.unclear, campaign.handed) == ("done", 1, 1)

    assert sending.send_unclear_again(campaign_id=campaign.pk, at=clock()) == 1
    sending.send_due(clock)
    assert sorted(server.recipients) == ["ada@example.org", "vi@example.org"]


def test_followers_are_told_once_and_only_while_the_room_is_live(server, clock):
    vi, room = make_member("Vi"), make_room(state="live")
    Follow.objects.create(room=room, member=vi, at=NOW)
    make_reader("vi", subject_id=vi.subject_id, topic="webcams")
    make_reader("max", topic="webcams")
    bo = make_member("Bo")
    Follow.objects.create(room=room, member=bo, at=NOW)
    make_reader("bo", subject_id=bo.subject_id, topic="webcams", pace="daily")

    assert news.announce_live(room_id=room.pk, channels=["mail"], at=NOW) == 1
    assert news.announce_live(room_id=room.pk, channels=["mail"], at=NOW + timedelta(hours=5)) == 0
    sending.send_due(clock)
    assert server.recipients == ["vi@example.org"]
    mail = server.taken[0][1]
    assert room.title not in mail["Subject"]
    assert all(room.title in part.get_content() for part in mail.iter_parts())

    clock.now += timedelta(hours=7)
    assert news.announce_live(room_id=room.pk, channels=["mail"], at=clock()) == 1
    Room.objects.update(state="offline")
    assert sending.send_due(clock) == 0
    assert Send.objects.latest("pk").because == "off_air"
    assert not Campaign.objects.exclude(state="done").exists()


def follow(name, *rooms, **over):
    """A member who follows rooms, and reads of them by mail."""
    member = make_member(name)
    for room in rooms:
        Follow.objects.create(room=room, member=member, at=NOW)
    make_reader(name, subject_id=member.subject_id, topic="webcams", **over)
    return member


def rooms_of_three():
    names = ("Ada", "Mira", "Nils")
    rooms = [make_room(make_host(make_member(name)), title=f"{name} plays") for name in names]
    make_broadcast(rooms[0], started_at=NOW - timedelta(hours=3))
    make_broadcast(rooms[1], started_at=NOW - timedelta(days=3))
    make_broadcast(rooms[2], started_at=NOW - timedelta(hours=1))
    return rooms


def told_to(server):
    """Recipient -> the titles in the mail, in their order."""
    found = {}
    for recipient, mail in server.taken:
        text = mail.get_body(("plain",)).get_content()
        found[recipient] = [line for line in text.splitlines() if line.endswith(" plays")]
    return found


def test_a_digest_tells_each_what_their_rooms_did_and_nothing_to_who_has_no_news(server, clock):
    ada, mira, nils = rooms_of_three()
    follow("vi", ada, mira, nils, pace="daily")
    follow("bo", mira, pace="daily")
    follow("max", mira, ada, pace="weekly")
    follow("sam", ada, pace="live")

    assert news.schedule_digests(NOW) == 2
    assert news.schedule_digests(NOW + timedelta(hours=1)) == 0
    sending.send_due(clock)

    assert told_to(server) == {
        "vi@example.org": ["Nils plays", "Ada plays"],
        "max@example.org": ["Ada plays", "Mira plays"],
    }
    assert Send.objects.get(because="nothing").state == State.CANCELLED


def test_a_digest_leaves_out_rooms_that_are_closed_to_its_reader(server, clock):
    ada, mira, nils = rooms_of_three()
    vi = follow("vi", ada, mira, nils, pace="daily")
    Ban.objects.create(room=nils, member=vi, at=NOW)
    ada.host.is_suspended = True
    ada.host.save()
    make_broadcast(mira, started_at=NOW - timedelta(minutes=5))

    news.schedule_digests(NOW)
    sending.send_due(clock)

    assert told_to(server) == {"vi@example.org": ["Mira plays"]}


def test_after_a_pause_one_digest_tells_of_all_of_it(server, clock):
    ada, mira, _nils = rooms_of_three()
    follow("vi", ada, mira, pace="daily")
    news.schedule_digests(NOW - timedelta(days=5))
    assert news.schedule_digests(NOW) == 1
    last = Campaign.objects.latest("pk")

    assert last.audience["since"] == (NOW - timedelta(days=5)).isoformat()


def test_a_banned_follower_is_not_told_that_the_room_is_live(server, clock):
    room = make_room(state="live")
    vi = follow("vi", room)
    Ban.objects.create(room=room, member=vi, at=NOW)

    news.announce_live(room_id=room.pk, channels=["mail"], at=NOW)

    assert sending.send_due(clock) == 0
    assert not Send.objects.exists()
