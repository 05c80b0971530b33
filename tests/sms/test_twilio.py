"""Twilio's library against a server on this machine that speaks its API."""

import logging
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.payments.servers import serving
from tests.sms import twilio_server
from tests.sms.twilio_server import ACCOUNT, SENDER, STATUS_URL, TOKEN, HangingUp, Twilio, signed
from tools.servers import free_port
from vasistas.sms import twilio
from vasistas.sms.port import (
    CALL_BYTES_MAX,
    CallForged,
    Incoming,
    NumberStopped,
    NumberUnknown,
    SmsRefused,
    SmsUnclear,
    SmsUnreachable,
    Status,
)
from vasistas.sms.twilio import TwilioPort

VI = "+352621123456"
INCOMING_URL = "https://cams.example/sms/twilio/incoming/"


def port_at(url: str, **changed: str) -> TwilioPort:
    account = {"account": ACCOUNT, "token": TOKEN, "sender": SENDER, "status_url": STATUS_URL, **changed}
    return TwilioPort(api_url=url, **account)


@pytest.fixture
def server() -> Iterator[tuple[Twilio, str]]:
    one, number = Twilio(), free_port()
    with serving(one.app(), number):
        yield one, f"http://127.0.0.1:{number}"


@pytest.fixture
def port() -> TwilioPort:
    """One that asks nobody."""
    return port_at("http://127.0.0.1:1")


class TestSending:
    def test_a_message_arrives_with_its_sender_and_where_to_tell_its_status(self, server):
        twilio_, url = server

        ref = port_at(url).send(VI, "Reef is live. STOP: reply STOP", "send-7")

        assert ref == "SM" + "1".zfill(32)
        assert twilio_.sent == [
            {
                "To": VI,
                "From": SENDER,
                "Body": "Reef is live. STOP: reply STOP",
                "StatusCallback": f"{STATUS_URL}?key=send-7",
            }
        ]

    def test_a_messaging_service_and_no_address_of_ours(self, server):
        twilio_, url = server

        port_at(url, sender="MG1", status_url="").send(VI, "Hello", "k")

        assert twilio_.sent == [{"To": VI, "MessagingServiceSid": "MG1", "Body": "Hello"}]

    def test_letters_of_all_kinds_arrive(self, server):
        twilio_, url = server

        port_at(url).send(VI, "Été à 5 € 🎉 & <b>=+", "k")

        assert twilio_.sent[0]["Body"] == "Été à 5 € 🎉 & <b>=+"

    @pytest.mark.parametrize(
        ("digits", "refusal", "code"),
        [
            ("0001", NumberUnknown, "sms.number_unknown"),
            ("0009", NumberUnknown, "sms.number_unknown"),
            ("0004", NumberStopped, "sms.number_stopped"),
            ("0002", SmsRefused, "sms.route"),
            ("0003", SmsRefused, "sms.route"),
            ("0010", SmsRefused, "sms.text"),
        ],
    )
    def test_a_refusal_is_told_by_kind_without_the_number(self, server, digits, refusal, code):
        twilio_, url = server

        with pytest.raises(refusal) as caught:
            port_at(url).send(f"+35262112{digits}", "Hello", "k")

        assert caught.value.code == code
        assert "352" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        assert twilio_.sent == []

    def test_a_wrong_token_is_the_operators_matter(self, server, caplog):
        _twilio, url = server

        with pytest.raises(SmsRefused) as caught:
            port_at(url, token="old").send(VI, "Hello", "k")

        assert caught.value.code == "sms.account"
        assert [record.getMessage() for record in caplog.records] == ["sms.refused status=401 code=20003"]

    def test_too_often_is_not_sent_and_not_repeated_by_itself(self, server):
        twilio_, url = server
        twilio_.status = 429

        with pytest.raises(SmsUnreachable):
            port_at(url).send(VI, "Hello", "k")
        assert twilio_.asked == 1

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_fault_of_theirs_is_unclear_and_never_repeated_by_itself(self, server, status):
        twilio_, url = server
        twilio_.status = status

        with pytest.raises(SmsUnclear):
            port_at(url).send(VI, "Hello", "k")
        assert twilio_.asked == 1

    @pytest.mark.parametrize("text", ["not JSON", "[]", "{}", '{"sid": null}', '"x"'])
    def test_an_answer_that_is_none_is_unclear(self, server, text):
        twilio_, url = server
        twilio_.text = text

        with pytest.raises(SmsUnclear):
            port_at(url).send(VI, "Hello", "k")

    def test_nobody_there_is_not_sent(self):
        with pytest.raises(SmsUnreachable):
            port_at(f"http://127.0.0.1:{free_port()}").send(VI, "Hello", "k")

    def test_hanging_up_in_the_middle_is_unclear(self):
        with HangingUp() as server, pytest.raises(SmsUnclear):
            port_at(server.url).send(VI, "Hello", "k")
        assert server.asked == 1

    def test_silence_is_unclear(self, monkeypatch):
        monkeypatch.setattr(twilio, "TIMEOUT_S", 0.05)
        with twilio_server.socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SmsUnclear):
            port_at(f"http://127.0.0.1:{silent.getsockname()[1]}").send(VI, "Hello", "k")

    def test_nothing_of_it_is_logged(self, server, caplog):
        _twilio, url = server
        caplog.set_level(logging.INFO)

        port_at(url).send(VI, "Hello", "k")

        assert [record for record in caplog.records if record.name.startswith("twilio")] == []
        assert VI not in caplog.text

    def test_the_environment_changes_nothing(self, server, monkeypatch):
        twilio_, url = server
        for name in ("TWILIO_EDGE", "TWILIO_REGION", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
            monkeypatch.setenv(name, "elsewhere")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

        port_at(url).send(VI, "Hello", "k")

        assert len(twilio_.sent) == 1


class TestIncoming:
    def call(self, port, fields, *, url=INCOMING_URL, headers=None):
        return port.incoming(signed(url, fields) if headers is None else headers, url, urlencode(fields).encode())

    def test_what_somebody_wrote(self, port):
        fields = {"From": VI, "To": SENDER, "Body": "Stop it ", "MessageSid": "SM1", "NumMedia": "0", "FromCity": ""}

        assert self.call(port, fields) == [Incoming(sender=VI, text="Stop it ")]

    def test_what_twilio_understood_as_stop(self, port):
        fields = {"From": VI, "Body": "Keine Lust", "OptOutType": "STOP"}

        assert self.call(port, fields) == [Incoming(sender=VI, text="STOP")]

    def test_nobody_wrote(self, port):
        assert self.call(port, {"Body": "STOP"}) == []

    def test_a_signature_of_another_is_refused(self, port):
        fields = {"From": VI, "Body": "STOP"}
        for headers in (
            {},
            {"X-Twilio-Signature": ""},
            {"X-Twilio-Signature": "é"},
            signed(INCOMING_URL, fields, token="another"),
            signed(INCOMING_URL + "x", fields),
            signed(INCOMING_URL, {**fields, "From": "+352621999999"}),
        ):
            with pytest.raises(CallForged):
                self.call(port, fields, headers=headers)

    def test_a_body_hash_in_the_address_does_not_pass_for_a_signature(self, port):
        url = f"{INCOMING_URL}?bodySHA256=0"
        with pytest.raises(CallForged):
            self.call(port, {"From": VI, "Body": "STOP"}, url=url, headers=signed(url, {}))

    @pytest.mark.parametrize("body", [b"\xff\xfe=1", b"x" * (CALL_BYTES_MAX + 1), b"&".join([b"a=1"] * 101), b""])
    def test_nasty_bodies_are_refused(self, port, body):
        with pytest.raises(CallForged):
            port.incoming({"X-Twilio-Signature": "x"}, INCOMING_URL, body)

    def test_the_vector_of_twilios_page(self):
        """https://www.twilio.com/docs/usage/webhooks/webhooks-security: token, address, fields and signature."""
        fields = {
            "CallSid": "CA1234567890ABCDE",
            "Caller": "+14158675310",
            "Digits": "1234",
            "From": "+14158675310",
            "To": "+18005551212",
        }
        one = port_at("http://127.0.0.1:1", token="12345")
        headers = {"x-twilio-signature": "L/OH5YylLD5NRKLltdqwSvS0BnU="}
        url = "https://example.com/myapp.php?foo=1&bar=2"

        assert one.incoming(headers, url, urlencode(fields).encode()) == [Incoming(sender="+14158675310", text="")]


class TestStatus:
    def told(self, port, **fields):
        url = f"{STATUS_URL}?key=send-7"
        fields = {"MessageSid": "SM1", "To": VI, **fields}
        return port.status(signed(url, fields), url, urlencode(fields).encode())

    @pytest.mark.parametrize(
        ("said", "code", "state"),
        [
            ("queued", "", "handed"),
            ("sent", "", "handed"),
            ("delivered", "", "delivered"),
            ("undelivered", "30003", "unreachable"),
            ("undelivered", "30005", "nobody"),
            ("undelivered", "30006", "nobody"),
            ("failed", "21610", "stopped"),
            ("failed", "30007", "failed"),
            ("failed", "", "failed"),
            ("failed", "x", "failed"),
            ("a new word", "", "handed"),
        ],
    )
    def test_what_became_of_a_message(self, port, said, code, state):
        told = self.told(port, MessageStatus=said, ErrorCode=code)

        assert told == Status(provider_ref="SM1", key="send-7", state=state)

    def test_the_key_cannot_be_changed(self, port):
        fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
        headers = signed(f"{STATUS_URL}?key=send-7", fields)

        with pytest.raises(CallForged):
            port.status(headers, f"{STATUS_URL}?key=send-8", urlencode(fields).encode())


def test_an_answer_is_twiml(port):
    assert port.answer(VI, "").body == '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
    assert "<Message>A &amp; B &lt;c&gt;</Message>" in port.answer(VI, "A & B <c>").body
    assert port.answer(VI, "").content_type == "text/xml; charset=utf-8"
