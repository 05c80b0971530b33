"""Letters as a mail server gets them."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.factories.smtp import mail_server
from vasistas.apps.accounts import outbox
from vasistas.apps.bulletins import letters
from vasistas.apps.bulletins.letters import LetterRefused, Recipient, RoomNews, compose
from vasistas.apps.bulletins.letters.markdown import as_html, as_text
from vasistas.apps.bulletins.models import Campaign, Contact
from vasistas.guard.purposes import processing
from vasistas.sms import segments

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = "t" * 43
VI = Recipient(TOKEN, "vi@example.org", "en", 7)


def campaign(**over):
    said = {
        "subject_line": "News of November",
        "body": "# Hello\n\nA *new* thing: [look](/rooms/).",
        "topic": "features",
    }
    return Campaign(**{"name": "November", "channel": "mail", "made_at": NOW, **said, **over})


def received(settings, mail):
    """The mail as it arrived over SMTP, and its bytes' recipient."""
    with mail_server() as server:
        settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{server.port}?tls=none")}
        with processing("bulletins"):
            outbox.send_and_wait(mail)
        return server.taken[0]


def parts(mail):
    return {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}


def test_the_way_to_end_it_is_readable_in_the_bytes(settings):
    settings.MAIL_IN_DOMAIN = "in.cams.example"

    envelope, raw = compose(campaign()).bytes_for(VI)

    stop = f"{settings.PUBLIC_URL}/bulletins/{TOKEN}/stop/"
    whole = (
        f"List-Unsubscribe: <{stop}>, <mailto:unsubscribe+{TOKEN}@in.cams.example>"  # not encoded, as RFC 2047 would
    )
    assert whole.encode() in raw.split(b"\r\n")
    assert envelope == f"bounce+{TOKEN}@in.cams.example"


@pytest.mark.parametrize(
    "address", ["vi@example.org", "o'neil+x@sub.example.org", "vi@exämple.org", '"a b"@example.org']
)
@pytest.mark.parametrize("body", ["Hello [you](/rooms/).", "Grüße " * 300 + "[x](/rooms/)"])
def test_bytes_made_out_by_replacing_are_those_of_the_mail(settings, address, body):
    settings.MAIL_IN_DOMAIN = "in.cams.example"
    letter = compose(campaign(body=body))
    to = Recipient("s" * 43, address, "en", 9)

    for _ in range(2):
        envelope, raw = letter.bytes_for(to)
        mail = letter.message_for(to)

        assert envelope == mail.from_email
        assert comparable(raw) == comparable(outbox.as_bytes(mail))
        assert raw.count(b"\r\nDate: ") == 1


def comparable(raw):
    """Without what differs each time: the date, and the boundary between the parts."""
    raw = re.sub(rb"\r\nDate: [^\r]*", b"", raw)
    return re.sub(rb"={10,}\d+==", b"BOUNDARY", raw)


@pytest.mark.django_db
def test_a_letter_says_who_sends_it_and_how_to_end_it(settings):
    settings.MAIL_IN_DOMAIN = "in.cams.example"

    recipient, mail = received(settings, compose(campaign()).message_for(VI))

    stop = f"{settings.PUBLIC_URL}/bulletins/{TOKEN}/stop/"
    assert recipient == mail["To"] == "vi@example.org"
    assert mail["List-Unsubscribe"] == f"<{stop}>, <mailto:unsubscribe+{TOKEN}@in.cams.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", "bulk")
    assert mail["From"] == f"{settings.SENDER_NAME} <{settings.OPERATOR.mail}>"
    assert mail["Reply-To"] == f"reply+{TOKEN}@in.cams.example"
    for content in (found := parts(mail)).values():
        for said in (settings.OPERATOR.name, settings.OPERATOR.mail, stop):
            assert said in content.replace("&#x27;", "'")
        assert settings.OPERATOR.address in content.replace("&#x27;", "'").replace("&#39;", "'")
    assert set(found) == {"text/plain", "text/html"}


@pytest.mark.django_db
def test_a_letter_fetches_nothing(settings):
    _recipient, mail = received(settings, compose(campaign(preheader="Short")).message_for(VI))

    html = parts(mail)["text/html"]
    assert not re.search(r"<img|background=|url\(|<link[^>]+stylesheet|@import|<script", html, re.IGNORECASE)
    addresses = set(re.findall(r'(?:href|src)="([^"]+)"', html))
    assert all(one.startswith((settings.PUBLIC_URL, "mailto:")) for one in addresses)
    assert letters.letter.PLACE not in html


def test_a_repeat_has_the_same_message_id_and_another_send_another():
    letter = compose(campaign())
    ids = [
        letter.message_for(one).extra_headers["Message-ID"]
        for one in (VI, VI, Recipient(TOKEN, "a@b.example", "en", 8))
    ]

    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("field", ["subject_line", "preheader"])
@pytest.mark.parametrize("text", ["News\nBcc: x@example.org", "News\r\n\r\nbody", "News\x00", "News\u2028x"])
def test_no_header_is_smuggled_in(field, text):
    with pytest.raises(LetterRefused) as refused:
        compose(campaign(**{field: text}))

    assert set(refused.value.fields) == {field}


def test_a_sender_with_a_line_break_is_refused(settings):
    settings.SENDER_NAME = "Cams\nBcc: x@example.org"

    with pytest.raises(LetterRefused):
        compose(campaign()).message_for(VI)


def test_images_and_raw_html_do_not_get_in():
    with pytest.raises(LetterRefused) as refused:
        compose(campaign(body="![x](https://example.org/x.png)"))

    assert set(refused.value.fields) == {"body"}
    assert "&lt;img" in as_html('<img src="https://example.org/x.png">')
    assert "href" not in as_html("[x](javascript:alert(1)) [y](http://example.org) [z](//example.org)")


def test_mjml_in_a_text_stays_text(settings):
    html = compose(campaign(body="<mj-image src='https://example.org/x.png'/> & {{ operator }} </mj-text>")).html

    assert "<img" not in html
    assert "{{ operator }}" in html


def test_no_text_can_ask_for_its_readers_token():
    """What stands for the token is random: whoever writes a letter, or names a room, cannot write it."""
    said = "TOKEN-OF-THE-RECIPIENT-STANDS-HERE-IN-LINKS"
    mail = compose(campaign(body=f"[x](https://counter.example/{said})")).message_for(VI)

    assert f"https://counter.example/{said}" in mail.body
    assert len(letters.letter.PLACE) == len(TOKEN)
    assert letters.letter.PLACE not in Path(letters.letter.__file__).read_text()


def test_plain_text_twin_says_the_same(settings):
    said = as_text(
        "# New\n\nOne [page](/rooms/) here.\n\n- first\n- second\n\n1. a\n2. b\n\n> quoted\n\n---\n\n    code"
    )

    rooms = f"{settings.PUBLIC_URL}/rooms/"
    assert said.split("\n\n") == [
        *("New", f"One page ({rooms}) here.", "- first", "- second", "1. a", "2. b", "quoted", "-" * 20, "    code"),
    ]


def test_a_notice_names_its_rooms_in_the_body_alone(settings):
    letter = compose(
        campaign(kind="live", subject_line="", body="", topic="webcams"),
        [RoomNews("The <reef> at noon", "Live since 12:00", f"{settings.PUBLIC_URL}/rooms/reef/")],
    )

    assert "reef" not in letter.subject
    assert "The &lt;reef&gt; at noon" in letter.html
    assert "The <reef> at noon" in letter.text


def test_an_sms_says_who_and_how_to_end_it_in_three_messages(settings):
    text = compose(campaign(channel="sms", sms_text="Come and see.")).sms_for(VI)

    assert text.startswith("Come and see.\n")
    assert settings.OPERATOR.name in text
    assert f"STOP to end, or {settings.PUBLIC_URL}/bulletins/{TOKEN}/stop/" in text
    assert segments.count(text) <= 3


def test_an_sms_that_is_too_long_is_refused():
    with pytest.raises(LetterRefused) as refused:
        compose(campaign(channel="sms", sms_text="…" * 200))

    assert set(refused.value.fields) == {"sms_text"}


@pytest.mark.django_db
def test_confirmation_asks_and_offers_never_again(settings):
    contact = Contact(channel="mail", address="vi@example.org", token=TOKEN, language="en", asked_at=NOW)
    with processing("subscriptions"):
        mail = letters.confirmation(contact)

    assert f"{settings.PUBLIC_URL}/bulletins/{TOKEN}/confirm/" in mail.body
    assert f"{settings.PUBLIC_URL}/bulletins/{TOKEN}/stop/" in mail.body
    assert settings.OPERATOR.address in mail.body
    assert mail.to == ["vi@example.org"]
