"""Answers leave by SMTP, in the thread of what they answer."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.apps.support.test_intake import come_in, messages
from tests.factories.accounts import make_member
from tests.factories.inbound import letter
from tests.factories.smtp import mail_server
from vasistas.apps.accounts import outbox
from vasistas.apps.support import operations
from vasistas.apps.support.models import Ticket
from vasistas.apps.support.operations import intake
from vasistas.guard.purposes import processing

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def ticket(settings):
    settings.MAIL_IN_DOMAIN = "in.cams.example"
    settings.PUBLIC_URL = "https://cams.example"
    come_in(letter("The picture is black.", subject="Black", sender="Max <max@example.org>"), settings)
    return Ticket.objects.get()


def test_an_answer_leaves_in_the_same_thread(settings, ticket):
    sam = make_member("Sam", is_staff=True)
    operations.answer(ticket=ticket, by=sam.subject_id, text="Reload the page.", at=NOW)
    with mail_server() as server:
        settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{server.port}?tls=none")}
        assert operations.send_due(NOW) == 2  # the receipt, and the answer

    receipt, answer = [mail for _recipient, mail in server.taken]
    assert (receipt["Auto-Submitted"], answer["Auto-Submitted"]) == ("auto-replied", None)
    assert ticket.number in receipt.get_content()
    assert (answer["To"], answer["Subject"]) == ("max@example.org", "Re: Black")
    assert answer["Reply-To"] == operations.address_for(ticket)
    assert answer["In-Reply-To"] == "<1@example.org>"
    assert answer["References"].split() == ["<1@example.org>", receipt["Message-ID"]]
    assert "Reload the page." in answer.get_content()
    assert settings.OPERATOR.address in answer.get_content()
    assert [one.handing for one in messages(direction="out")] == ["sent", "sent"]
    assert operations.send_due(NOW + timedelta(days=1)) == 0


def test_a_title_of_several_lines_is_one_header(settings):
    with processing("correspond"):
        said = intake.Said(title="Hello\r\nBcc: eve@example.org", text="x")
        made = operations.report(subject_id=None, address="max@example.org", said=said, at=NOW)
    with mail_server() as server:
        settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{server.port}?tls=none")}
        assert operations.send_due(NOW) == 1

    ((to, mail),) = server.taken
    assert (to, mail["Bcc"]) == ("max@example.org", None)
    assert "Hello" not in str(mail), "no words of somebody's in a receipt, which may go to a stranger"
    assert made.number in mail["Subject"]

    operations.answer(ticket=made, by=make_member("Sam").subject_id, text="Hi.", at=NOW)
    with mail_server() as server:
        settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{server.port}?tls=none")}
        operations.send_due(NOW)
    ((_to, mail),) = server.taken
    assert mail["Subject"] == "Re: Hello Bcc: eve@example.org"


def test_what_no_mail_can_carry_stops_nobody_else(settings, ticket):
    with processing("support"):
        ticket.address = "max\n@example.org"
        ticket.save()
    with processing("correspond"):
        operations.report(subject_id=None, address="vi@example.org", said=intake.Said(title="x", text="x"), at=NOW)
    with mail_server() as server:
        settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{server.port}?tls=none")}
        assert operations.send_due(NOW) == 1
    assert [one.handing for one in messages(direction="out")] == ["failed", "sent"]
