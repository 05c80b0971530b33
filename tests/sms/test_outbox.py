"""Messages as files: newest first, bounded in number and age; answers signed as a provider's."""

import pytest

from tests.payments.servers import Clock
from vasistas.sms import outbox
from vasistas.sms.outbox import KEPT_S, Outbox
from vasistas.sms.port import CallForged, Incoming, Status

VI = "+352621123456"
URL = "http://localhost/sms/outbox/incoming/"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def box(tmp_path, clock):
    return Outbox(tmp_path / "sms", key=b"k" * 32, clock=clock)


def test_messages_are_shown_newest_first(box, clock):
    first = box.send(VI, "One", "send-1")
    clock.now += 1
    box.note_answer(VI, "STOP")

    assert [(one.number, one.text, one.is_ours) for one in box.latest()] == [(VI, "STOP", False), (VI, "One", True)]
    assert box.get(first).key == "send-1"
    assert box.get(first).at == clock.now - 1


def test_each_message_is_a_file_nobody_else_reads(box, tmp_path):
    box.send(VI, "One", "send-1")

    assert (tmp_path / "sms").stat().st_mode & 0o077 == 0
    assert len(list((tmp_path / "sms").iterdir())) == 1


def test_only_the_newest_are_kept(box, clock, monkeypatch):
    monkeypatch.setattr(outbox, "KEPT_MAX", 2)
    for text in ("One", "Two", "Three"):
        clock.now += 1
        box.send(VI, text, "k")

    assert [one.text for one in box.latest()] == ["Three", "Two"]


def test_the_old_are_not_shown_and_go(box, clock, tmp_path):
    box.send(VI, "One", "k")
    clock.now += KEPT_S + 1

    assert box.latest() == []
    assert box.forget_old() == 1
    assert list((tmp_path / "sms").iterdir()) == []


def test_a_name_reaches_nothing_outside_the_folder(box, tmp_path):
    (tmp_path / "secret.json").write_text('{"name": "x", "at": 1, "number": "", "text": "", "key": ""}')
    box.send(VI, "One", "k")

    for name in ("../secret", "secret", "", "*", "/etc/passwd"):
        assert box.get(name) is None


def test_what_is_no_message_is_not_shown(box, tmp_path):
    name = box.send(VI, "One", "k")
    (tmp_path / "sms" / f"{name}.json").write_text("{}")
    (tmp_path / "sms" / "note.json").write_text("{}")

    assert box.latest() == []


def test_a_folder_that_is_not_there_is_empty(box):
    assert box.latest() == []
    assert box.forget_old() == 0


def test_a_telephones_answer_is_believed_when_it_is_signed(box):
    said = Incoming(sender=VI, text="STOP")
    headers, body = box.called(said, URL)

    assert box.incoming(headers, URL, body) == [said]


def test_a_status_is_believed_when_it_is_signed(box):
    said = Status(provider_ref="r", key="send-1", state="delivered")
    headers, body = box.called(said, URL)

    assert box.status(headers, URL, body) == said


def test_what_is_not_signed_or_not_understood_is_refused(box, tmp_path):
    headers, body = box.called(Incoming(sender=VI, text="STOP"), URL)
    other = Outbox(tmp_path, key=b"o" * 32).called(Incoming(sender=VI, text="STOP"), URL)
    for said in (({}, URL, body), (headers, URL + "x", body), (headers, URL, body + b" "), (other[0], URL, other[1])):
        with pytest.raises(CallForged):
            box.incoming(*said)
        with pytest.raises(CallForged):
            box.status(*said)
    with pytest.raises(CallForged):
        box.status(headers, URL, body)  # signed, and no status
    headers, body = box.called(Status(provider_ref="r", key="", state="failed"), URL)
    with pytest.raises(CallForged):
        box.incoming(headers, URL, body)


def test_an_answer_of_ours_is_kept_too(box):
    assert box.answer(VI, "").body == ""
    assert box.latest() == []

    box.answer(VI, "Help is at …")
    assert [one.text for one in box.latest()] == ["Help is at …"]
