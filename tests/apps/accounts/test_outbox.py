"""Mails of the demo on a page, and mails of a real site to SMTP."""

import pytest
import time_machine
from allauth.mfa.totp.internal import auth as totp
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, mailers

from tests.factories.accounts import make_member
from tests.factories.smtp import mail_server
from vasistas.apps.accounts import outbox, queries
from vasistas.apps.accounts.outbox import kept
from vasistas.guard.egress import queries as transfers
from vasistas.guard.egress.door import TransferRefused
from vasistas.guard.purposes import processing

OURS = {"default": {"BACKEND": "vasistas.apps.accounts.outbox.OutboxBackend"}}


@pytest.fixture
def demo(settings):
    settings.DEMO = True
    settings.MAILERS = OURS


def send(subject="Your code", text="See http://localhost:8000/account/ & <b>more</b>"):
    mail = EmailMessage(subject, text, "Vasistas <privacy@example.org>", ["vi@example.org"])
    with processing("account"):
        mailers.default.send_messages([mail])


def test_the_demo_keeps_mails_newest_first(demo, capsys):
    send("First")
    send("Second")

    assert [mail.subject for mail in outbox.latest()] == ["Second", "First"]
    assert "Subject: First" in capsys.readouterr().out


def test_the_demo_keeps_a_bounded_number(demo, monkeypatch, settings):
    monkeypatch.setattr(kept, "MAILS_KEPT_MAX", 3)
    for number in range(5):
        send(f"Mail {number}")

    assert [mail.subject for mail in outbox.latest()] == ["Mail 4", "Mail 3", "Mail 2"]
    assert len(list((settings.DATA / "demo-mail").iterdir())) == 3


def test_a_mail_that_names_nobody_gets_the_operators_record_beneath(demo, settings):
    send(text="Hello.")
    one = settings.OPERATOR
    assert outbox.latest()[0].text.strip() == f"Hello.\n\n-- \n{one.name}, {one.address}\n{one.mail} · {one.phone}"

    said = f"{one.name}\n{one.address}\n{one.mail}"
    send(text=said)
    assert outbox.latest()[0].text.strip() == said


@pytest.mark.django_db
def test_pages_show_the_list_and_one_mail_with_links(demo, client):
    send("Grüße")

    page = client.get("/demo/mail/").content.decode()
    assert "Grüße" in page
    (mail,) = outbox.latest()
    text = client.get(f"/demo/mail/{mail.name}/").content.decode()
    assert '<a href="http://localhost:8000/account/" rel="nofollow">' in text
    assert "&lt;b&gt;more&lt;/b&gt;" in text


@pytest.mark.django_db
def test_pages_do_not_exist_outside_the_demo(demo, client, settings):
    send()
    (mail,) = outbox.latest()
    settings.DEMO = False

    assert client.get("/demo/mail/").status_code == 404
    assert client.get(f"/demo/mail/{mail.name}/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["nothing", "00000000000000000000-00000000"])
def test_an_unknown_mail_is_not_found(demo, client, name):
    assert client.get(f"/demo/mail/{name}/").status_code == 404


def test_outside_the_demo_nothing_is_kept(settings, capsys):
    settings.DEMO = False
    settings.MAILERS = OURS

    send()

    assert outbox.latest() == []
    assert "Subject: Your code" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://vi:p%40ss@mail.example", ("mail.example", 587, "vi", "p@ss", True, False)),
        ("smtp://vi:pass@mail.example?tls=implicit", ("mail.example", 465, "vi", "pass", False, True)),
        ("smtp://mail.example:2525?tls=none", ("mail.example", 2525, "", "", False, False)),
    ],
)
def test_smtp_address_is_read(url, expected):
    options = outbox.mailer(url)["OPTIONS"]

    assert tuple(options[name] for name in ("host", "port", "username", "password", "use_tls", "use_ssl")) == expected


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example?tls=perhaps"])
def test_a_bad_smtp_address_fails_loudly(url):
    with pytest.raises(ImproperlyConfigured, match="VASISTAS_SMTP_URL is not understood"):
        outbox.mailer(url)


def test_check_warns_where_mails_reach_the_console_alone(settings):
    settings.DEMO = False
    settings.MAILERS = OURS
    assert [warning.id for warning in outbox.check_mails_leave(None)] == ["accounts.W001"]

    settings.MAILERS = {"default": outbox.mailer("smtp://mail.example")}
    assert outbox.check_mails_leave(None) == []


@pytest.mark.django_db
def test_a_mail_is_noted_for_the_member_it_is_to(settings, unused_port):
    vi, ada = make_member("Vi"), make_member("Ada")
    settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{unused_port}?tls=none")}

    send()
    send()
    assert outbox.settle(10)

    (given,) = transfers.transfers_of(vi.subject_id)
    assert (given.recipient, given.categories, given.purpose) == ("mail", ("user.contact.email",), "account")
    assert given.count == 2
    assert transfers.transfers_of(ada.subject_id) == []


@pytest.mark.parametrize("backend", ["smtp://127.0.0.1:9?tls=none", ""])
def test_a_mail_under_another_purpose_is_refused_before_it_is_queued(settings, backend):
    settings.MAILERS = {"default": outbox.mailer(backend)}
    mail = EmailMessage("Buy", "this", "Vasistas <privacy@example.org>", ["vi@example.org"])

    with processing("rooms"), pytest.raises(TransferRefused, match=r"does not allow 'user\.contact\.email'"):
        mailers.default.send_messages([mail])


@pytest.mark.django_db
def test_smtp_posts_behind_the_request_and_names_nobody_when_it_fails(settings, caplog, unused_port):
    settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{unused_port}?tls=none")}

    send()
    assert outbox.settle(10)

    assert [record.message for record in caplog.records] == ["mail not sent"]
    assert caplog.records[0].error == "ConnectionRefusedError"
    assert "vi@example.org" not in str(caplog.records[0].__dict__)


def test_the_code_of_the_demos_staff_is_the_authenticators(settings, client) -> None:
    settings.DEMO = True
    assert queries.demo_staff_code(0) is None
    path = queries.demo_staff_secret_file()
    path.parent.mkdir(parents=True)
    path.write_text("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")

    shown = queries.demo_staff_code(59)

    assert shown == queries.StaffCode(f"{totp.hotp_value(path.read_text(), 1):06d}", 1)
    with time_machine.travel(59, tick=False):
        assert shown.code in client.get("/demo/mail/").content.decode()


@pytest.mark.parametrize(("answer", "is_for_now"), [(b"450 later\r\n", True), (b"550 nobody is there\r\n", False)])
def test_what_a_server_refuses_for_now_is_told_apart(settings, answer, is_for_now):
    mail = EmailMessage("Hello", "there", "Vasistas <privacy@example.org>", ["vi@example.org"])
    with mail_server() as server:
        settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{server.port}?tls=none")}
        server.before_yes = lambda _recipient: answer
        with mailers.default as way:
            with pytest.raises(outbox.MailRefused) as refused:
                way.hand_over(mail)
            server.before_yes = lambda _recipient: None
            number = way.hand_over(mail)  # over the same connection

    assert refused.value.is_for_now == is_for_now
    assert "vi@example.org" not in str(refused.value)
    assert number == ""
    assert server.recipients == ["vi@example.org"]
