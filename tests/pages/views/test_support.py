"""Problem reports by form, the member's conversations, and the staff's desk."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.chat import make_message
from tests.factories.rooms import make_room
from vasistas.apps.support import operations, queries
from vasistas.apps.support.models import Attachment, CannedAnswer, Ticket, TicketMessage, Window
from vasistas.apps.support.operations import answering
from vasistas.apps.support.operations.intake import Said
from vasistas.guard.purposes import processing
from vasistas.guard.reads import queries as reads

pytestmark = pytest.mark.django_db
NOW = timezone.now()
WORDS = {"title": "It is black", "text": "The picture stays black."}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def vi():
    return make_member("Vi")


@pytest.fixture
def sam(client):
    member = make_member("Sam", is_staff=True)
    client.force_login(member)
    return member


@pytest.fixture
def ticket(vi):
    with processing("correspond"):
        return operations.report(
            subject_id=vi.subject_id, address="vi@example.org", said=Said(title="Black", text="All black."), at=NOW
        )


def url(name, *args):
    return reverse(f"pages:{name}", args=args)


def said(direction="in"):
    with processing("support"):
        return [one.text for one in TicketMessage.objects.filter(direction=direction).order_by("pk")]


# -- The form ----------------------------------------------------------------------------------------------------------


def test_a_visitor_reports_with_a_picture_and_gets_an_answer_by_mail(client):
    upload = SimpleUploadedFile("shot.png", PNG)
    page = client.post(url("report_problem"), {**WORDS, "address": "max@example.org", "attachments": [upload]})

    made = Ticket.objects.get()
    assert made.number in page.content.decode()
    assert (made.via, made.index != "", Attachment.objects.get().content_type) == ("form", True, "image/png")
    assert said() == ["The picture stays black."]
    assert len(said("out")) == 1


def test_a_visitor_needs_no_address(client):
    client.post(url("report_problem"), WORDS)

    assert (Ticket.objects.get().index, said("out")) == ("", [])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"text": ""}, "required"),
        ({"address": "nothing"}, "valid email"),
        ({"attachments": [SimpleUploadedFile("run.exe", b"MZ\x90\x00")]}, "run.exe is not taken"),
        ({"attachments": [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(6)]}, "at most 5 files"),
    ],
)
def test_what_cannot_be_taken_is_said_and_the_words_stay(client, more, words):
    page = client.post(url("report_problem"), {**WORDS, **more})

    assert page.status_code == 422
    assert words in page.content.decode()
    assert "It is black" in page.content.decode()
    assert not Ticket.objects.exists()


def test_reports_of_one_network_have_a_limit(client):
    answers = [client.post(url("report_problem"), WORDS).status_code for _n in range(12)]

    assert (answers.count(200), answers[-1]) == (10, 429)


# -- The member --------------------------------------------------------------------------------------------------------


def test_a_member_reads_answers_goes_on_and_closes(client, vi, ticket):
    client.force_login(vi)
    operations.answer(ticket=ticket, by=make_member("Sam").subject_id, text="Reload it.", at=NOW)
    operations.note(ticket=ticket, by=make_member("Bo").subject_id, text="Seen before.", at=NOW)

    page = client.get(url("my_ticket", ticket.number)).content.decode()
    assert "Reload it." in page
    assert "Seen before." not in page
    assert ticket.number in client.get(url("my_tickets")).content.decode()

    client.post(url("my_ticket", ticket.number), {"text": "Still black."})
    ticket.refresh_from_db()
    assert (said()[-1], ticket.state) == ("Still black.", "open")
    client.post(url("my_ticket", ticket.number), {"act": "close"})
    ticket.refresh_from_db()
    assert ticket.state == "closed"


def test_somebody_elses_conversation_is_not_there(client, ticket):
    client.force_login(make_member("Max"))

    assert client.get(url("my_ticket", ticket.number)).status_code == 404
    assert client.post(url("my_ticket", ticket.number), {"text": "x"}).status_code == 404
    assert client.get(url("my_attachment", ticket.number, 1)).status_code == 404


# -- The desk ----------------------------------------------------------------------------------------------------------


def test_the_desk_is_no_page_for_members(client, vi, ticket):
    client.force_login(vi)

    for name, args in (("staff_support", ()), ("staff_ticket", (ticket.number,)), ("open_window", (ticket.number,))):
        assert client.get(url(name, *args)).status_code == 404


def test_sam_takes_answers_and_notes_and_vi_sees_that_it_was_read(client, vi, ticket, sam):
    assert "Black" in client.get(url("staff_support")).content.decode()
    there = url("staff_ticket", ticket.number)
    for sent in ({"act": "take"}, {"act": "urgent"}, {"act": "note", "text": "Old browser?"}):
        assert client.post(there, sent).status_code == 302
    client.post(there, {"act": "answer", "text": "Reload it."})

    ticket.refresh_from_db()
    assert (ticket.state, ticket.is_urgent, ticket.assigned_to_id) == ("waiting", True, sam.subject_id)
    assert said("out")[-1] == "Reload it."
    assert said("note") == ["Old browser?"]
    found = [one for one in reads.reads_of(vi.subject_id, limit=50) if one.purpose == "support"]
    assert any("support.TicketMessage.text" in one.fields for one in found)


def test_the_queue_shows_what_is_due_and_finds_by_number_and_address(client, ticket, sam):
    Ticket.objects.filter(pk=ticket.pk).update(due_at=NOW - timedelta(hours=1))

    assert "overdue" in client.get(url("staff_support"), {"view": "overdue"}).content.decode()
    for asked in (ticket.number.lower(), "VI@example.org"):
        assert ticket.number in client.post(url("staff_support"), {"find": asked}).content.decode()
    assert ticket.number not in client.post(url("staff_support"), {"find": "max@example.org"}).content.decode()
    assert "overdue" in client.get(url("staff")).content.decode()


def test_two_conversations_of_one_person_become_one_and_of_two_people_never(client, vi, ticket, sam):
    with processing("correspond"):
        report = {"address": "vi@example.org", "said": Said(title="Again", text="And again."), "at": NOW}
        second = operations.report(subject_id=vi.subject_id, **report)
        other = operations.report(subject_id=None, address="max@example.org", said=Said(text="Mine."), at=NOW)
    client.post(url("staff_ticket", second.number), {"act": "merge", "number": other.number})
    assert Ticket.objects.get(pk=second.pk).merged_into is None

    client.post(url("staff_ticket", second.number), {"act": "merge", "number": ticket.number})
    assert Ticket.objects.get(pk=second.pk).merged_into == ticket
    assert TicketMessage.objects.filter(ticket=ticket, direction="in").count() == 2
    for act in ({"act": "answer", "text": "Lost?"}, {"act": "reopen"}, {"act": "take"}):
        page = client.post(url("staff_ticket", second.number), act, follow=True).content.decode()
        assert "into another conversation" in page
    assert "Lost?" not in said("out")


def test_a_file_comes_as_a_file(client, ticket, sam):
    with processing("correspond"):
        from vasistas.inbound import File  # noqa: PLC0415 — this test alone

        made = operations.report(
            subject_id=None, address="", said=Said(text="x", files=(File("a.png", "image/png", PNG),)), at=NOW
        )
    file = Attachment.objects.get(message__ticket=made)
    answer = client.get(url("staff_attachment", made.number, file.pk))

    assert (answer.content, answer["Content-Type"]) == (PNG, "application/octet-stream")
    assert answer["Content-Disposition"] == 'attachment; filename="a.png"'
    assert client.get(url("staff_attachment", ticket.number, file.pk)).status_code == 404


def test_a_look_at_the_chat_needs_a_reason_a_room_and_a_span_and_is_shown_to_the_person(client, vi, ticket, sam):
    room = make_room()
    make_message(room, vi, "I never said that.", said_at=NOW - timedelta(hours=1))
    make_message(room, vi, "Long ago.", said_at=NOW - timedelta(hours=30))
    make_message(room, make_member("Max"), "Somebody else.", said_at=NOW - timedelta(hours=1))
    there = url("open_window", ticket.number)
    begins = timezone.localtime(NOW - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    asked = {"purpose": "dispute", "room": room.slug, "begins": begins, "hours": 3, "reason": "A refund is disputed."}
    for wrong in ({"reason": ""}, {"hours": 25}, {"room": "nowhere"}, {"purpose": "support"}):
        assert client.post(there, asked | wrong).status_code == 422
    assert not Window.objects.exists()
    assert client.get(there).status_code == 302

    page = client.post(there, asked, follow=True).content.decode()
    assert "I never said that." in page
    assert "Long ago." not in page
    assert "Somebody else." not in page
    found = [one for one in reads.reads_of(vi.subject_id, limit=50) if one.purpose == "dispute"]
    assert found
    assert "A refund is disputed." in found[0].reason

    Window.objects.update(expires_at=NOW - timedelta(minutes=1))
    assert client.get(there).status_code == 302


def test_answers_kept_ready_are_added_changed_and_removed(client, ticket, sam):
    client.post(url("staff_canned"), {"name": "Reload", "text": "Please reload."})
    kept = CannedAnswer.objects.get()
    client.post(url("staff_canned"), {"pk": kept.pk, "name": "Reload", "text": "Reload, please."})
    assert "Reload, please." in client.get(url("staff_ticket", ticket.number)).content.decode()
    client.post(url("staff_canned"), {"pk": kept.pk, "act": "remove"})
    assert not CannedAnswer.objects.exists()


def test_what_waits_for_the_person_is_closed_in_time(ticket):
    operations.answer(ticket=ticket, by=make_member("Sam").subject_id, text="Reload it.", at=NOW)
    with processing("retention"):
        assert operations.close_forgotten(NOW + timedelta(days=29)) == 0
        assert operations.close_forgotten(NOW + timedelta(days=31)) == 1
    assert queries.overdue_count(NOW + timedelta(days=60)) == 0


def test_urgency_moves_no_due_time_back(client, ticket, sam):
    later = NOW - timedelta(hours=47)
    Ticket.objects.filter(pk=ticket.pk).update(last_at=later, due_at=later + timedelta(hours=48))
    for act in ("urgent", "not_urgent"):
        client.post(url("staff_ticket", ticket.number), {"act": act})

    assert Ticket.objects.get(pk=ticket.pk).due_at == later + timedelta(hours=48)


def test_an_answer_that_cannot_be_sent_opens_what_was_closed(ticket):
    made = operations.answer(ticket=ticket, by=make_member("Sam").subject_id, text="Reload it.", at=NOW)
    operations.close(ticket=ticket, at=NOW)
    with processing("intake"):
        answering._put_off(made, NOW, for_good=True)

    found = Ticket.objects.get(pk=ticket.pk)
    assert (found.state, found.closed_at) == ("open", None)


def test_an_answer_kept_ready_that_is_not_there_is_none(client, sam):
    assert client.get(url("staff_canned"), {"edit": "abc"}).status_code == 200
