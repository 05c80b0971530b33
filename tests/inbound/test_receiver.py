"""A real conversation with the receiver."""

import smtplib
import socket
import threading

import pytest

from tests.factories.inbound import deliver, letter
from vasistas.inbound import Receiver, Refused
from vasistas.inbound import receiver as module

OURS = "reply@cams.example"


@pytest.fixture
def receiving():
    """A receiver that keeps what it takes; `answer` is called before each."""
    taken, answer = [], [lambda _mail: None]

    def take(mail):
        answer[0](mail)
        taken.append(mail)

    receiver = Receiver("127.0.0.1", 0, take, accepts=lambda to: to == OURS, size_max=10_000)
    receiver.start()
    yield receiver, taken, answer
    receiver.stop()


def test_mail_is_taken_and_read(receiving):
    receiver, taken, _answer = receiving

    assert deliver(receiver.port, letter("unsubscribe"), to=OURS)[0] == 250
    assert [(mail.to, mail.refuses) for mail in taken] == [(OURS, True)]


def test_nothing_is_relayed(receiving):
    receiver, taken, _answer = receiving

    assert deliver(receiver.port, letter(), to="somebody@elsewhere.example")[0] == 550
    assert taken == []


def test_empty_sender_is_a_machine(receiving):
    receiver, taken, _answer = receiving
    deliver(receiver.port, letter(), to=OURS, sender="")

    assert [str(mail.kind) for mail in taken] == ["automatic"]


def test_refusal_is_told_with_its_sentence(receiving):
    receiver, taken, answer = receiving

    def refuse(_mail):
        raise Refused(552, "This is too long.")

    answer[0] = refuse
    assert deliver(receiver.port, letter(), to=OURS) == (552, "This is too long.")
    assert taken == []


def test_failure_lets_the_server_come_again_and_says_nothing(receiving, caplog):
    receiver, taken, answer = receiving

    def fail(mail):
        raise ValueError(mail.sender)

    answer[0] = fail
    assert deliver(receiver.port, letter(), to=OURS)[0] == 451
    assert "vi@example.org" not in caplog.text
    answer[0] = lambda _mail: None
    assert deliver(receiver.port, letter(), to=OURS)[0] == 250
    assert len(taken) == 1


def test_too_large_is_552_and_the_connection_goes_on(receiving):
    receiver, taken, _answer = receiving

    assert deliver(receiver.port, letter("word \n" * 4_000), to=OURS)[0] == 552
    assert taken == []


def test_endless_line_ends_the_connection(receiving):
    receiver, _taken, _answer = receiving
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=20) as raw:
        raw.recv(100)
        with pytest.raises(ConnectionError):
            raw.sendall(b"x" * 100_000_000)


def test_recipients_have_a_limit(receiving):
    receiver, _taken, _answer = receiving
    with smtplib.SMTP("127.0.0.1", receiver.port, timeout=20) as server:
        server.ehlo("mx.example")
        server.mail("vi@example.org")
        codes = [server.rcpt(OURS)[0] for _time in range(module.RECIPIENTS_MAX + 1)]

    assert codes == [250] * module.RECIPIENTS_MAX + [452]


def test_connections_have_a_limit(receiving, monkeypatch):
    receiver, _taken, _answer = receiving
    monkeypatch.setattr(module, "CONNECTIONS_MAX", 1)
    refused = (smtplib.SMTPConnectError, smtplib.SMTPServerDisconnected)
    with smtplib.SMTP("127.0.0.1", receiver.port, timeout=20), pytest.raises(refused):
        smtplib.SMTP("127.0.0.1", receiver.port, timeout=20)


def test_logs_hold_no_address(receiving, caplog):
    receiver, _taken, _answer = receiving
    caplog.set_level("DEBUG")
    deliver(receiver.port, letter("unsubscribe"), to=OURS)

    assert "example" not in caplog.text


def test_stop_lets_the_mail_at_hand_end():
    begun, go_on, taken = threading.Event(), threading.Event(), []

    def take(mail):
        begun.set()
        go_on.wait(20)
        taken.append(mail)

    receiver = Receiver("127.0.0.1", 0, take, accepts=lambda _to: True)
    receiver.start()
    sender = threading.Thread(target=lambda: deliver(receiver.port, letter(), to=OURS))
    sender.start()
    assert begun.wait(20)
    stopping = threading.Thread(target=receiver.stop)
    stopping.start()
    go_on.set()
    stopping.join(20)
    sender.join(20)

    assert len(taken) == 1


def test_taken_port_is_an_error_at_once():
    with socket.create_server(("127.0.0.1", 0)) as other:
        receiver = Receiver("127.0.0.1", other.getsockname()[1], lambda _mail: None, accepts=lambda _to: True)
        with pytest.raises(OSError, match="in use"):
            receiver.start()
        receiver.stop()
