"""What may leave, to whom, under which purpose; and what is noted of it."""

import dataclasses
import logging
from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps

from tests.factories.accounts import make_member
from vasistas.guard import keyring, purposes, retention
from vasistas.guard.egress import door, endpoints, operations, queries
from vasistas.guard.egress.door import TransferRefused
from vasistas.guard.egress.media import MediaBehindDoor
from vasistas.guard.egress.models import Transfer
from vasistas.guard.egress.sockets import Endpoint
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.model import Role
from vasistas.guard.purposes import processing
from vasistas.media.fake import FakeMedia

MAIL = {"user.contact.email"}
NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


@pytest.fixture
def vi():
    return make_member("Vi")


def policy_where(monkeypatch, **over):
    """Let the policy in force have another mail provider."""
    policy = get_policy()
    mail = dataclasses.replace(policy.recipients["mail"], **over)
    changed = dataclasses.replace(policy, recipients={**policy.recipients, "mail": mail})
    monkeypatch.setattr(door, "get_policy", lambda: changed)
    return changed


@pytest.mark.django_db
def test_what_is_handed_over_is_noted_once_a_day_for_each(vi, time_machine):
    ada = make_member("Ada")
    time_machine.move_to(NOW, tick=False)
    with processing("account"):
        door.hand_over("mail", MAIL, [vi.subject_id, vi.subject_id, None])
        door.hand_over("mail", MAIL, [vi.subject_id])
        time_machine.move_to(NOW + timedelta(days=1), tick=False)
        door.hand_over("mail", MAIL, [vi.subject_id])

    assert [(one.date, one.count) for one in queries.transfers_of(vi.subject_id)] == [
        (date(2026, 3, 2), 1),
        (date(2026, 3, 1), 3),
    ]
    assert queries.transfers_of(ada.subject_id) == []
    assert Transfer.objects.get(subject="").count == 1
    assert {row.at.hour for row in Transfer.objects.all()} == {0}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "purpose", "why"),
    [
        (("broker", MAIL), "account", "no recipient 'broker'"),
        (("mail", {"user.device.ip_address"}), "account", "does not get 'user.device.ip_address'"),
        (("mail", MAIL), "chat", "does not allow 'user.contact.email'"),
        (("mail", MAIL), "retention", "No activity under the purpose 'retention'"),
        (("mail", set()), "account", "Nothing is named"),
    ],
)
def test_what_the_list_does_not_say_is_refused_and_not_noted(vi, caplog, asked, purpose, why):
    recipient, categories = asked
    with processing(purpose), caplog.at_level(logging.ERROR), pytest.raises(TransferRefused, match=why):
        door.hand_over(recipient, categories, [vi.subject_id])

    assert Transfer.objects.count() == 0
    assert [record.getMessage().split()[0] for record in caplog.records] == ["egress.transfer_refused"]
    assert door.refusals()[recipient] >= 1


@pytest.mark.nothing_stated
def test_without_a_purpose_nothing_leaves():
    with pytest.raises(TransferRefused, match="No purpose is stated"):
        door.require("mail", MAIL)


@pytest.mark.parametrize(
    ("over", "is_refused"),
    [
        ({"country": "US"}, True),
        ({"country": "US", "instrument": "SCC 2021/914", "expires": NOW.date() - timedelta(days=1)}, True),
        ({"country": "US", "instrument": "SCC 2021/914", "expires": NOW.date()}, False),
        ({"country": "NO"}, False),
    ],
)
def test_a_transfer_out_of_the_eea_needs_an_instrument_on_its_day(monkeypatch, over, is_refused):
    changed = policy_where(monkeypatch, **over)
    with processing("account") as frame:
        assert bool(list(door.faults_of("mail", MAIL, frame, NOW.date()))) is is_refused

    monkeypatch.setattr(endpoints, "configured", lambda: {"mail": Endpoint("mail.example", 587)})
    assert (Endpoint("mail.example", 587) not in endpoints.allowed(changed, NOW.date())) is is_refused


@pytest.mark.django_db
def test_no_note_no_mail(vi, monkeypatch):
    def fails(*_args: object, **_options: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(operations, "note", fails)
    with processing("account"), pytest.raises(RuntimeError, match="no room"):
        door.hand_over("mail", MAIL, [vi.subject_id])


@pytest.mark.django_db
def test_after_an_erasure_nobody_is_pointed_to(vi):
    with processing("account"):
        door.hand_over("mail", MAIL, [vi.subject_id])
    keyring.destroy(vi.subject.key_handle)

    assert queries.transfers_of(vi.subject_id) == []
    assert Transfer.objects.count() == 1


@pytest.mark.django_db
def test_notes_go_with_their_retention_rule(vi, time_machine):
    for days in (366, 364):
        time_machine.move_to(NOW - timedelta(days=days), tick=False)
        with processing("account"):
            door.hand_over("mail", MAIL, [vi.subject_id])

    with processing("retention"):
        swept = {one.rule: one.gone for one in retention.sweep(NOW)}

    assert swept["transfer_log"] == 1
    assert [(NOW.date() - one.date).days for one in queries.transfers_of(vi.subject_id)] == [364]


@pytest.mark.django_db
@pytest.mark.parametrize(("url", "noted"), [("http://127.0.0.1:8001", 0), ("https://media.example", 1)])
def test_an_offer_passes_to_the_media_node_and_is_noted_where_that_is_another_machine(vi, settings, url, noted):
    settings.MEDIA_NODE_URL = url
    port = MediaBehindDoor(FakeMedia())
    with purposes.scope(lambda: purposes.Actor("member", vi.subject_id)), processing("host"):
        assert port.publish(room="1", session="a" * 32, offer="v=0").session == "a" * 32

    assert len(queries.transfers_of(vi.subject_id)) == noted
    with processing("account"), pytest.raises(TransferRefused):
        port.play(room="1", session="b" * 32, offer="v=0")


def test_endpoints_come_from_the_settings(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES, "default", {"HOST": "db.example", "PORT": ""})
    monkeypatch.setitem(settings.DATABASES, "keys", {"HOST": "/run/postgresql"})  # a file of this machine
    settings.CACHES = {"default": {"BACKEND": "x", "LOCATION": "rediss://:pass@cache.example"}}
    settings.ROOT_KEY = "vault:https://vault.example:8200/transit/site?token_file=/t"
    settings.MEDIA_NODE_URL = "https://media.example"
    settings.MAILERS = {"default": {"BACKEND": "x", "OPTIONS": {"host": "mail.example", "port": 465}}}
    settings.PAYMENT_ACCOUNTS = {"sandbox": {"api": "https://pay.example"}}
    settings.DEMO = False

    assert endpoints.configured() == {
        "database": Endpoint("db.example", 5432),
        "cache": Endpoint("cache.example", 6379),
        "root_key": Endpoint("vault.example", 8200),
        "media": Endpoint("media.example", 443),
        "payments": Endpoint("pay.example", 443),
        "mail": Endpoint("mail.example", 465),
    }
    assert set(endpoints.allowed(get_policy(), NOW.date())) == set(endpoints.configured().values())


def test_an_endpoint_without_a_recipient_stops_the_start(settings, monkeypatch):
    policy = get_policy()
    recipients = {key: one for key, one in policy.recipients.items() if key != "media"}
    assert endpoints.check_endpoints_are_declared() == []

    monkeypatch.setattr(endpoints, "get_policy", lambda: dataclasses.replace(policy, recipients=recipients))
    found = endpoints.check_endpoints_are_declared()
    assert [(error.id, "'media'" in error.msg) for error in found] == [("guard.E032", True), ("guard.E031", True)]


def test_roles_are_a_closed_list_without_a_sale():
    assert {role.value for role in Role} == {"processor", "controller", "authority"}


def test_the_app_is_one_of_the_guards():
    assert apps.get_model("egress.Transfer") is Transfer


def test_where_a_recipient_is_told_may_be_reached_while_its_instrument_lasts():
    policy = get_policy()
    over = {"told_at": "https://api.verifier.example/vasistas", "country": "US", "instrument": "Clauses"}
    mail = dataclasses.replace(policy.recipients["mail"], **over, expires=date(2026, 3, 1))
    changed = dataclasses.replace(policy, recipients={"mail": mail})

    assert Endpoint("api.verifier.example", 443) in endpoints.allowed(changed, date(2026, 3, 1))
    assert Endpoint("api.verifier.example", 443) not in endpoints.allowed(changed, date(2026, 3, 2))
