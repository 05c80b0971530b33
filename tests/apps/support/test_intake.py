"""A mail becomes a conversation: in its thread, sealed, once; and what cannot be read is not lost."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.db import connection
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.inbound import TOKEN, bounce, letter
from vasistas.apps.privacy.models import RightsRequest, Subject
from vasistas.apps.support import operations, rules
from vasistas.apps.support.models import Attachment, Probe, RawMail, Ticket, TicketMessage
from vasistas.apps.support.operations import intake
from vasistas.guard.purposes import processing
from vasistas.inbound import Refused, parse
from vasistas.pages import mail_in

pytestmark = pytest.mark.django_db
NOW = timezone.now()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture(autouse=True)
def domain(settings):
    settings.MAIL_IN_DOMAIN = "in.cams.example"
    settings.MAIL_AUTHSERV_ID = "mx.cams.example"


def come_in(raw, settings, *, to="", has_sender=True, at=NOW):
    """Accept a mail as the receiver does, and read all that waits."""
    operations.accept(parse(raw, to=to or settings.OPERATOR.mail, envelope=None if has_sender else ""), at=at)
    return operations.take_in(at)


def messages(**wanted):
    return list(TicketMessage.objects.filter(**wanted).order_by("pk"))


def with_files(*files, sender="Max <max@example.org>", message_id="<a@example.org>", text="See the picture."):
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = sender, "It is black", message_id
    mail.set_content(text)
    for name, data in files:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def test_a_strangers_mail_is_a_conversation_with_a_person_who_has_no_account(settings):
    come_in(letter("The picture is black.", subject="Black", sender="Max <max@example.org>"), settings)

    ticket = Ticket.objects.get()
    with processing("support"):
        assert (ticket.title, ticket.address) == ("Black", "max@example.org")
        assert [one.text for one in messages(direction="in")] == ["The picture is black."]
    assert (ticket.subject.kind, ticket.state, ticket.via) == (Subject.Kind.CORRESPONDENT, "new", "mail")
    assert ticket.due_at == NOW + rules.ANSWER_WITHIN
    assert not RawMail.objects.exists()


PROVEN = "Authentication-Results: mx.cams.example; dmarc=pass header.from=example.org"


@pytest.mark.parametrize(
    ("heads", "is_theirs"),
    [
        ([PROVEN], True),
        ([], False),
        (["Authentication-Results: mx.evil.example; dmarc=pass"], False),
        (["Authentication-Results: mx.cams.example; dmarc=fail"], False),
    ],
)
def test_a_mail_is_a_members_where_our_server_proved_it_and_nobodys_word_else(settings, heads, is_theirs):
    vi = make_member("Vi")
    come_in(letter("Please delete my account and all of my data.", headers=heads), settings)

    assert (Ticket.objects.get().subject_id == vi.subject_id) is is_theirs
    assert (RightsRequest.objects.get().subject_id == vi.subject_id) is is_theirs


def test_who_wrote_before_is_the_same_correspondent_and_never_a_member(settings):
    vi = make_member("Vi")
    with processing("correspond"):
        operations.report(subject_id=vi.subject_id, address="vi@example.org", said=intake.Said(text="x"), at=NOW)
    for number in range(2):
        come_in(letter("Hello.").replace(b"<1@", b"<%d@" % number), settings)

    found = Ticket.objects.filter(via="mail").values_list("subject", flat=True)
    assert len(set(found)) == 1
    assert vi.subject_id not in found


@pytest.mark.parametrize(
    "said", ["A host shows my face. Please stop this broadcast.", "I want no more messages from Max, he threatens me."]
)
def test_what_sounds_like_an_objection_reaches_a_person_too(settings, said):
    mail_in.take(parse(letter(said), to=settings.OPERATOR.mail), NOW)
    operations.take_in(NOW)
    ticket = Ticket.objects.get()
    again = letter("Cancel, please.").replace(b"<1@", b"<2@")
    mail_in.take(parse(again, to=operations.address_for(ticket)), NOW)
    operations.take_in(NOW)

    with processing("support"):
        assert [one.text for one in messages(direction="in")] == [said, "Cancel, please."]


def test_nothing_of_a_mail_rests_in_clear(settings):
    come_in(with_files(("lighthouse.png", PNG + b"lighthouse"), text="Meet me at the lighthouse."), settings)
    operations.accept(parse(letter("The lighthouse again."), to=settings.OPERATOR.mail), at=NOW)

    for model in (Ticket, TicketMessage, Attachment, RawMail):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {model._meta.db_table}")
            found = repr([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()])
        assert found != "[]", model
        assert "lighthouse" not in found, model
        assert "max@example.org" not in found, model


def test_files_are_taken_by_their_bytes(settings):
    come_in(with_files(("a/../x.png", PNG), ("run.exe", b"MZ\x90\x00\x03"), ("notes.pdf", b"only words")), settings)

    with processing("support"):
        kept = [(one.name, one.content_type, one.data) for one in Attachment.objects.order_by("pk")]
        (said,) = messages(direction="in")
        assert kept == [("x.png", "image/png", PNG), ("notes.pdf", "text/plain", b"only words")]
        assert "1 files were not kept" in said.text


def test_an_answer_joins_by_the_address_or_by_what_it_answers_and_opens_what_was_closed(settings):
    come_in(letter("One.", headers=()), settings)
    ticket = Ticket.objects.get()
    made = operations.answer(ticket=ticket, by=make_member("Sam").subject_id, text="Try again.", at=NOW)
    operations.close(ticket=ticket, at=NOW)
    with processing("support"):
        ours = made.message_id
    later = NOW + timedelta(hours=1)
    quoting = letter("Two.\n\nOn Monday, we wrote:\n> Try again.", headers=[f"In-Reply-To: {ours}"])
    come_in(quoting.replace(b"<1@example.org>", b"<2@example.org>"), settings, at=later)
    third = letter("Three.").replace(b"<1@example.org>", b"<3@example.org>")
    come_in(third, settings, to=operations.address_for(ticket), at=later)

    ticket.refresh_from_db()
    with processing("support"):
        assert [one.text for one in messages(ticket=ticket, direction="in")] == ["One.", "Two.", "Three."]
        assert "> Try again." in messages(direction="in")[1].quoted
    assert (ticket.state, ticket.closed_at, ticket.due_at) == ("open", None, later + rules.ANSWER_WITHIN)


def test_somebody_else_who_names_a_message_joins_nothing(settings):
    come_in(letter("One.", sender="Max <max@example.org>"), settings)
    come_in(
        letter("Let me in.", sender="Eve <eve@example.org>", headers=["References: <1@example.org>"]).replace(
            b"Message-ID: <1@", b"Message-ID: <9@"
        ),
        settings,
    )

    assert Ticket.objects.count() == 2
    assert Ticket.objects.values("subject").distinct().count() == 2


def test_the_same_mail_again_is_one_message(settings):
    for _again in range(2):
        come_in(letter("One."), settings)

    assert len(messages(direction="in")) == 1


def test_nobody_answers_machines_and_what_they_write_is_read(settings):
    away = letter("I am away.", headers=["Auto-Submitted: auto-replied"])
    come_in(bounce(), settings, has_sender=False)
    assert not Ticket.objects.exists()
    come_in(letter("Absence of consent: remove it.", headers=["Precedence: list"]), settings)
    assert (Ticket.objects.get().state, messages(direction="out")) == ("new", [])
    Ticket.objects.all().delete()

    come_in(letter("One.").replace(b"<1@", b"<2@"), settings)
    ticket = Ticket.objects.get()
    operations.answer(ticket=ticket, by=make_member("Sam").subject_id, text="Try again.", at=NOW)
    come_in(away.replace(b"<1@", b"<3@"), settings, to=operations.address_for(ticket))

    ticket.refresh_from_db()
    assert [one.is_automatic for one in messages(direction="in")] == [False, True]
    assert (ticket.state, ticket.due_at) == ("waiting", None)


def test_a_new_conversation_is_acknowledged_within_bounds(settings):
    for number in range(4):
        come_in(letter("Hello.").replace(b"<1@", b"<%d@" % number), settings)

    assert Ticket.objects.count() == 4
    assert len(messages(direction="out", is_automatic=True)) == 2  # RECEIPTS_MAX in an hour


def test_a_forged_sender_is_not_acknowledged(settings):
    forged = "Authentication-Results: mx.cams.example; spf=fail; dmarc=fail header.from=example.org"
    come_in(letter("Hello.", headers=[forged]), settings)

    with processing("support"):
        (said,) = messages()
        assert said.auth == "spf=fail; dmarc=fail header.from=example.org"


def test_results_of_somebody_elses_server_are_not_believed(settings):
    come_in(letter("Hello.", headers=["Authentication-Results: mx.evil.example; dmarc=pass"]), settings)

    with processing("support"):
        assert {one.auth for one in messages()} == {""}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Please delete my account and all of my data.", "erasure"),
        ("Veuillez supprimer toutes mes données.", "erasure"),
        ("Bitte löschen Sie alle meine Daten.", "erasure"),
        ("I want a copy of all my data under Art. 15 GDPR.", "access"),
        ("Auskunft über meine Daten nach Art. 15 DSGVO bitte.", "access"),
        ("I object to the processing of my data.", "objection"),
        ("The picture is black.", None),
        ("How do I delete a line in the chat?", None),
    ],
)
def test_what_asks_for_a_right_is_a_request_with_its_month(settings, said, kind):
    come_in(letter(said, sender="Max <max@example.org>"), settings)

    found = RightsRequest.objects.values_list("kind", "via", "state")
    assert list(found) == ([(kind, "mail", "verifying")] if kind else [])
    assert len(messages(direction="note")) == (1 if kind else 0)
    assert Ticket.objects.count() == 1


def test_what_cannot_be_read_waits_and_then_stands_before_the_staff(settings, monkeypatch):
    def tripping(*_args, **_kwargs):
        raise LookupError("said something personal")

    monkeypatch.setattr(intake, "read", tripping)
    operations.accept(parse(letter("Hello."), to=settings.OPERATOR.mail), at=NOW)
    at, tries = NOW, 0
    while tries < 9 and RawMail.objects.filter(failed_at=None).exists():
        assert operations.take_in(at) == 0
        at, tries = at + timedelta(hours=2), tries + 1
    assert tries == intake.TRIES_MAX

    monkeypatch.undo()
    settings.MAIL_IN_DOMAIN = "in.cams.example"
    RawMail.objects.update(failed_at=None, not_before=at)
    assert operations.take_in(at) == 1
    assert Ticket.objects.count() == 1


def test_too_many_mails_of_one_sender_are_told_to_come_tomorrow(settings, monkeypatch):
    monkeypatch.setattr(intake, "MAILS_MAX", 2)
    for _number in range(2):
        come_in(letter("Hello."), settings)

    with pytest.raises(Refused) as refused:
        come_in(letter("Hello."), settings)
    assert refused.value.code == 451


def test_a_probe_arrives_and_is_nobodys_conversation(settings):
    made = Probe.objects.create(sent_at=NOW)
    come_in(letter("x", subject=f"probe {made.token}", sender=settings.OPERATOR.mail), settings)
    come_in(letter("x", subject=f"probe {TOKEN}", sender=settings.OPERATOR.mail), settings)

    made.refresh_from_db()
    assert made.arrived_at == NOW
    assert not Ticket.objects.exists()


def test_erasing_a_person_takes_the_conversation_along(settings):
    from vasistas.apps.privacy import operations as privacy  # noqa: PLC0415 — this test alone

    come_in(with_files(("x.png", PNG)), settings)
    subject = Ticket.objects.get().subject
    privacy.erase(subject_id=subject.pk, at=NOW)

    assert not any(model.objects.exists() for model in (Ticket, TicketMessage, Attachment))
