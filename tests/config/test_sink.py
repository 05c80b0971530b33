"""The demo's mail server and its pages, by the SMTP that a site speaks."""

import smtplib
from collections.abc import Iterator

import pytest
from django.core.mail import EmailMultiAlternatives, mailers

from tests.factories.accounts import make_member
from vasistas.apps.accounts import outbox
from vasistas.config.demo import sink
from vasistas.guard.egress import queries as transfers
from vasistas.guard.purposes import processing

HTML = "<!doctype html><html><head><title>x</title></head><body><p>Grüße <a href='https://x.example/'>there</a></p><script>1</script></body></html>"


@pytest.fixture
def port(settings, free_tcp_port) -> Iterator[int]:
    settings.DEMO = True
    settings.MAIL_SINK_PORT = free_tcp_port
    settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{free_tcp_port}?tls=none")}
    with sink.listening(free_tcp_port):
        yield free_tcp_port


def send(subject: str = "Hello", html: str = HTML) -> None:
    mail = EmailMultiAlternatives(
        subject, "Grüße in plain text https://x.example/", "Site <privacy@example.org>", ["vi@example.org"]
    )
    mail.extra_headers = {"List-Unsubscribe": "<https://x.example/stop/>"}
    if html:
        mail.attach_alternative(html, "text/html")
    with processing("account"):
        mailers.default.send_messages([mail])


@pytest.mark.django_db
def test_what_the_site_sends_by_smtp_is_on_the_page_at_once(port, client):
    send("Grüße")

    page = client.get("/demo/mail/").content.decode()

    assert "Grüße" in page
    (mail,) = outbox.latest()
    assert (mail.to, mail.subject) == ("vi@example.org", "Grüße")
    assert mail.text.startswith("Grüße in plain text https://x.example/")
    headers = dict(mail.headers)
    assert headers["Return-Path"] == "<privacy@example.org>"
    assert headers["Delivered-To"] == "vi@example.org"
    assert headers["List-Unsubscribe"] == "<https://x.example/stop/>"


@pytest.mark.django_db
def test_one_mail_shows_html_in_a_sandbox_text_and_headers(port, client):
    send()
    assert outbox.settle(10)
    (mail,) = outbox.latest()
    address = f"/demo/mail/{mail.name}/"

    page = client.get(address)
    shown = page.content.decode()
    assert (
        f'<iframe class="demo-mail__frame" src="{address}html/" sandbox="allow-top-navigation-by-user-activation"'
        in shown
    )
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert '<a href="https://x.example/" rel="nofollow">' in shown
    assert "<dt>List-Unsubscribe</dt><dd>&lt;https://x.example/stop/&gt;</dd>" in shown
    assert "<script>1" not in shown

    framed = client.get(f"{address}html/")
    policy = framed["Content-Security-Policy"]
    assert "sandbox allow-top-navigation-by-user-activation" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert framed["X-Frame-Options"] == "SAMEORIGIN"
    assert '<head><base target="_top"><title>' in framed.content.decode()


@pytest.mark.django_db
def test_a_mail_of_text_alone_has_no_frame(port, client):
    send(html="")
    assert outbox.settle(10)
    (mail,) = outbox.latest()

    assert "<iframe" not in client.get(f"/demo/mail/{mail.name}/").content.decode()
    assert client.get(f"/demo/mail/{mail.name}/html/").status_code == 404


def test_a_long_address_in_a_header_is_sent_as_it_is(port, settings):
    address = f"<https://cams.example/bulletins/{'x' * 43}/stop/>, <mailto:unsubscribe+{'x' * 43}@in.cams.example>"
    mail = EmailMultiAlternatives("Grüße", "é" * 300, "a@example.org", ["vi@example.org"])
    mail.extra_headers = {"List-Unsubscribe": address}

    with processing("account"):
        mailers.default.send_and_wait([mail])

    (file,) = (settings.DATA / "demo-mail").iterdir()
    for raw in (file.read_bytes(), outbox.as_bytes(mail)):
        lines = raw.split(b"\r\n")
        assert f"List-Unsubscribe: {address}".encode() in lines
        assert max(map(len, lines)) <= 998
    assert outbox.latest()[0].text.startswith("é" * 300)


@pytest.mark.django_db
def test_the_demo_notes_no_transfer_for_nothing_leaves(port):
    vi = make_member("Vi")

    send()
    assert outbox.settle(10)

    assert len(outbox.latest()) == 1
    assert transfers.transfers_of(vi.subject_id) == []


def test_a_mail_that_is_too_large_is_refused(port):
    with smtplib.SMTP("127.0.0.1", port) as server, pytest.raises(smtplib.SMTPException) as refused:
        server.sendmail("a@example.org", ["b@example.org"], b"x" * 72 + b"\r\n" * (outbox.MAIL_BYTES_MAX // 2 + 1))

    assert "552" in str(refused.value)
    assert outbox.latest() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header at all",
        b"Content-Type: text/plain; charset=of-nobody\r\n\r\n\xff\xfe",
        b"Content-Type: multipart/alternative\r\n\r\nno boundary",
        b"Content-Type: text/html; charset=\xff\r\nSubject: =?utf-8?b?!!!?=\r\nTo: <<>>\r\n\r\n<p>",
        b"Content-Transfer-Encoding: base64\r\nTo: \xff\xff\r\n\r\n%%%%",
        b"Subject: " + b"a" * 900 + b"\r\n\r\nx",
        b"Content-Type: message/rfc822\r\n\r\n" * 40,
    ],
)
def test_mails_of_other_programs_break_no_page(port, client, raw):
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.sendmail("a@example.org", ["b@example.org"], raw)

    (mail,) = outbox.latest()
    assert client.get("/demo/mail/").status_code == 200
    assert client.get(f"/demo/mail/{mail.name}/").status_code == 200
    assert client.get(f"/demo/mail/{mail.name}/html/").status_code in {200, 404}


def test_the_eleventh_recipient_is_refused(port):
    with smtplib.SMTP("127.0.0.1", port) as server:
        refused = server.sendmail("a@example.org", [f"b{one}@example.org" for one in range(11)], b"Subject: x\r\n\r\n")

    assert [code for code, _text in refused.values()] == [452]
    assert len(outbox.latest()) == 1
