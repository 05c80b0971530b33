"""An SMS leaves by the door: for the declared provider, under a purpose that may, and noted for whom it is."""

import pytest

from tests.apps.bulletins.telephones import VI, outbox, provided
from tests.factories.accounts import make_member
from tests.payments.servers import serving
from tests.sms.twilio_server import ACCOUNT, SENDER, TOKEN, Twilio
from tools.servers import free_port
from vasistas.guard.egress import endpoints, queries, sms
from vasistas.guard.egress.door import TransferRefused
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.lib.errors import NotFound
from vasistas.sms.port import NumberStopped
from vasistas.sms.twilio import TwilioPort

pytestmark = pytest.mark.django_db


@pytest.fixture
def vi():
    return make_member("Vi")


@pytest.fixture
def twilio(settings):
    server, number = Twilio(), free_port()
    url = f"http://127.0.0.1:{number}"
    settings.SMS_ACCOUNT = {"api": url}
    port = TwilioPort(account=ACCOUNT, token=TOKEN, sender=SENDER, api_url=url)
    with serving(server.app(), number), provided(port):
        yield server


def given(subject_id: int) -> list[tuple[str, str, tuple[str, ...], int]]:
    found = queries.transfers_of(subject_id)
    return [(one.recipient, one.purpose, one.categories, one.count) for one in found]


def test_what_leaves_is_noted_for_whom_it_is_to(vi, twilio):
    with processing("bulletins"):
        sms.send(to=VI, text="Reef is live", key="send-1", subject_id=vi.subject_id, tells_following=True)
    with processing("subscriptions"):
        sms.send(to=VI, text="Your code is 123456", key="code-1", subject_id=vi.subject_id)

    assert [one["Body"] for one in twilio.sent] == ["Reef is live", "Your code is 123456"]
    assert sorted(given(vi.subject_id)) == [
        ("sms", "bulletins", ("user.behaviour.following", "user.contact.bulletin"), 1),
        ("sms", "subscriptions", ("user.contact.bulletin",), 1),
    ]


def test_what_the_provider_refuses_was_told_to_it_all_the_same(vi, twilio):
    with processing("bulletins"), pytest.raises(NumberStopped):
        sms.send(to="+352621120004", text="Hello", key="send-1", subject_id=vi.subject_id)

    assert len(given(vi.subject_id)) == 1


def test_other_purposes_send_none(vi, twilio):
    with processing("chat"), pytest.raises(TransferRefused):
        sms.send(to=VI, text="Hello", key="send-1", subject_id=vi.subject_id)
    assert twilio.asked == 0
    assert given(vi.subject_id) == []


def test_the_outbox_keeps_it_here(vi, tmp_path):
    with outbox(tmp_path) as box, processing("bulletins"):
        sms.send(to=VI, text="Hello", key="send-1", subject_id=vi.subject_id)
        with processing("chat"), pytest.raises(TransferRefused):
            sms.send(to=VI, text="Psst", key="send-2", subject_id=vi.subject_id)

    assert [one.text for one in box.latest()] == ["Hello"]
    assert given(vi.subject_id) == []


def test_a_site_without_sms_sends_none(vi):
    with provided(None), processing("bulletins"), pytest.raises(NotFound):
        sms.send(to=VI, text="Hello", key="send-1", subject_id=vi.subject_id)


def test_the_provider_is_a_place_that_can_be_reached(twilio, settings):
    assert endpoints.configured()["sms"].port == int(settings.SMS_ACCOUNT["api"].rpartition(":")[2])
    assert "sms" in get_policy().recipients["sms"].endpoints
    settings.SMS_ACCOUNT = {}
    assert "sms" not in endpoints.configured()
