"""The receiver of the site: mails come in by SMTP, and are dealt with before they are answered."""

import socket

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.factories.accounts import make_member
from tests.factories.inbound import deliver, letter
from vasistas.apps.privacy.models import Consent
from vasistas.apps.support.models import RawMail
from vasistas.config import receiving
from vasistas.config.failure import CommandFailed


def _close_all():
    """Also those to a database in memory, which Django leaves open for the thread of the test."""
    for connection in connections.all(initialized_only=True):
        BaseDatabaseWrapper.close(connection)


@pytest.fixture
def port(settings, monkeypatch):
    monkeypatch.setattr(receiving, "close_old_connections", _close_all)
    with socket.create_server(("127.0.0.1", 0)) as free:
        settings.MAIL_IN_PORT = free.getsockname()[1]
    settings.MAIL_IN_DOMAIN = "in.cams.example"
    return settings.MAIL_IN_PORT


@pytest.mark.django_db(transaction=True)
def test_objection_stands_when_the_mail_is_answered(port, settings):
    vi = make_member("Vi")
    with receiving.listening("127.0.0.1"):
        answer = deliver(port, letter("I object to advertising."), to=settings.OPERATOR.mail)
        found = Consent.objects.filter(subject_id=vi.subject_id).values_list("act", "source")

        assert (answer[0], list(found)) == (250, [("objected", "mail")])


@pytest.mark.django_db(transaction=True)
def test_what_else_is_written_is_kept_before_it_is_acknowledged(port, settings):
    with receiving.listening("127.0.0.1"):
        answer = deliver(port, letter("The picture is black."), to=settings.OPERATOR.mail)
        assert (answer[0], RawMail.objects.count()) == (250, 1)


@pytest.mark.django_db(transaction=True)
def test_sentence_reaches_the_sender(port, settings):
    with receiving.listening("127.0.0.1"):
        code, sentence = deliver(port, letter("Hello.", sender=""), to=settings.OPERATOR.mail)

    assert (code, RawMail.objects.count()) == (550, 0)
    assert "line From" in sentence


def test_taken_port_is_told(port):
    told = pytest.raises(CommandFailed, match="VASISTAS_MAIL_IN_PORT")
    with socket.create_server(("127.0.0.1", port)), told, receiving.listening("127.0.0.1"):
        pass
