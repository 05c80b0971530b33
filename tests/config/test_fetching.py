"""Mails are fetched from a mailbox elsewhere, from a real dovecot; none goes there before it is stored here."""

import pytest
from django.db import DatabaseError
from django.utils import timezone

from tests.factories.imap import mailbox
from tests.factories.inbound import letter
from vasistas.apps.support import operations
from vasistas.apps.support.models import RawMail, Ticket, TicketMessage
from vasistas.config import receiving
from vasistas.guard.purposes import processing
from vasistas.inbound import imap

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def box(settings, monkeypatch):
    monkeypatch.setattr(receiving, "close_old_connections", lambda: None)  # the test's own connection
    settings.MAIL_IN_DOMAIN = "in.cams.example"
    with mailbox() as found:
        settings.MAIL_IN_IMAP = imap.mailbox_of(found.url)
        yield found


def test_mails_become_conversations_and_leave_the_mailbox(box, settings):
    box.put(letter("The picture is black.", sender="Max <max@example.org>"), "1.a.b")
    receiving.poll(NOW)
    operations.take_in(timezone.now())
    ticket = Ticket.objects.get()
    to = [f"To: Help <{operations.address_for(ticket)}>"]
    box.put(letter("Still.", sender="Max <max@example.org>", headers=to).replace(b"<1@", b"<2@"), "2.a.b")
    receiving.poll(NOW)
    operations.take_in(timezone.now())

    with processing("support"):
        said = [one.text for one in TicketMessage.objects.filter(ticket=ticket, direction="in").order_by("pk")]
    assert said == ["The picture is black.", "Still."]
    assert box.left() == {}


def test_what_cannot_be_stored_stays_and_what_is_refused_is_flagged(box, monkeypatch):
    def is_away(*_args, **_kwargs):
        raise DatabaseError

    box.put(letter("Hello."), "1.a.b")
    with monkeypatch.context() as broken:
        broken.setattr(RawMail.objects, "create", is_away)
        with pytest.raises(DatabaseError):
            receiving.poll(NOW)
    assert box.left() == {"1.a.b": ""}

    box.put(letter("Hello.", sender="nobody"), "2.a.b")
    box.put(letter("a" * 2000), "3.a.b")
    assert imap.fetch(receiving.settings.MAIL_IN_IMAP, receiving._take_fetched, bytes_max=1000) == 1
    assert box.left() == {"2.a.b": "F", "3.a.b": "F"}
    assert RawMail.objects.count() == 1


@pytest.mark.parametrize(
    "url", ["imap://a:b@mx.example/INBOX", "imaps://mx.example", "pop3://a:b@mx.example", 'imaps://a:b@h/"']
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match=r"not an address|not encrypted|ASCII"):
        imap.mailbox_of(url)
