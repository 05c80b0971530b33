"""What mails say, whatever they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.inbound import TOKEN, bounce, complaint, letter
from vasistas.inbound import Kind, parse

REFUSING = [
    "unsubscribe",
    "Unsubscribe!",
    "STOP",
    "Please stop.",
    "Stop sending me these mails, thanks",
    "I object to the use of my data for direct marketing.",
    "Please remove me from this list",
    "Désabonnez-moi, merci",
    "Je m’oppose à la prospection commerciale.",
    "Je ne veux plus recevoir vos lettres",
    "Bitte abmelden",
    "Hiermit widerspreche ich der Nutzung meiner Daten für Werbung.",
    "no more mails\n\n-- \nVi",
    "Thanks.\n\nOn Mon, 23 Nov 2026 at 10:00, Cams <reply@cams.example> wrote:\n> Hello\n> more\nunsubscribe",
]
STAYING = [
    "Thank you for the letter!",
    "Please do not unsubscribe me, I like it.",
    "The stream did not stop at nine, why?",
    "Great.\n\nOn Mon, 23 Nov 2026 at 10:00, Cams <r@cams.example> wrote:\n> To unsubscribe, follow the link",
    "Merci.\n\nLe lun. 23 nov. 2026 à 10:00, Cams <r@cams.example>\na écrit :\n\n> Se désabonner",
    "Nice.\n\nFrom: Cams\nSent: Monday\nTo: Vi\n\nUnsubscribe here",
    "Nice.\n-----Original Message-----\nUnsubscribe here",
    "Nice.\n________________________________\nUnsubscribe",
    "Nice.\n\n-- \nStop the war, unsubscribe from hate",
]


@pytest.mark.parametrize("text", REFUSING)
def test_own_words_refuse(text):
    mail = parse(letter(text, subject="Re: Reef is live"), to="reply@x.example")

    assert (mail.kind, mail.refuses, mail.sender) == (Kind.LETTER, True, "vi@example.org")


@pytest.mark.parametrize("text", STAYING)
def test_what_is_quoted_or_denied_does_not_refuse(text):
    assert parse(letter(text, subject="Re: Non-stop reef"), to="reply@x.example").refuses is False


@pytest.mark.parametrize(
    ("subject", "refuses"),
    [
        ("unsubscribe", True),
        ("Re: STOP", True),
        ("=?utf-8?b?RMOpc2Fib25uZXotbW9p?=", True),
        ("I want to unsubscribe", True),
        ("Re: How to unsubscribe your guests", False),
        ("Non-stop reef", False),
    ],
)
def test_subject_refuses_unless_it_is_ours(subject, refuses):
    assert parse(letter("", subject=subject), to="reply@x.example").refuses is refuses


def test_html_is_read_without_what_it_quotes():
    html = "<style>p{}</style><p>Please <b>unsubscribe</b> me</p><blockquote>Old text</blockquote>"
    mail = parse(letter(html, subject="Re: x", kind="text/html"), to="x@x.example")
    quoted = parse(letter("<p>Thanks</p><blockquote>unsubscribe</blockquote>", kind="text/html"), to="x@x.example")

    assert (mail.refuses, mail.text) == (True, "Please unsubscribe me")
    assert quoted.refuses is False


@pytest.mark.parametrize(("status", "is_hard"), [("5.1.1", True), ("4.2.2", False)])
def test_bounce_is_hard_or_soft(status, is_hard):
    mail = parse(bounce(status), to="bounce@x.example", envelope="")

    assert (mail.kind, mail.is_hard) == (Kind.BOUNCE, is_hard)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed"])
def test_report_of_no_failure_is_no_bounce(action):
    assert parse(bounce("4.4.1", action), to="x@x.example").kind is Kind.AUTOMATIC


def test_complaint_tells_whose_mail_it_was():
    mail = parse(complaint(address="vi@example.org"), to="abuse@x.example")

    assert (mail.kind, mail.tokens, mail.addresses) == (Kind.COMPLAINT, (TOKEN,), ("vi@example.org",))


def test_not_spam_is_no_complaint():
    assert parse(complaint(kind="not-spam"), to="abuse@x.example").kind is Kind.AUTOMATIC


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes", "List-Id: <a.example>"]
)
def test_machines_are_known(header):
    assert parse(letter("unsubscribe", headers=[header]), to="x@x.example").kind is Kind.AUTOMATIC


def test_absence_and_empty_sender_are_machines():
    away = letter("I am away until Monday.", subject="Automatic reply: Reef is live")

    assert parse(away, to="x@x.example").kind is Kind.AUTOMATIC
    assert parse(letter("hi"), to="x@x.example", envelope="").kind is Kind.AUTOMATIC
    assert parse(letter("hi", headers=["Auto-Submitted: no"]), to="x@x.example", envelope="a@b").kind is Kind.LETTER


def test_files_are_counted_and_not_read():
    raw = b"""From: vi@example.org
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

My letter.
--b
Content-Type: text/plain
Content-Disposition: attachment; filename=a.txt

unsubscribe
--b
Content-Type: image/png

x
--b--
"""
    mail = parse(raw, to="x@x.example")

    assert (mail.whole, mail.files, mail.refuses) == ("My letter.", 2, False)


def test_deep_nesting_leaves_the_headers():
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2_000))
    mail = parse(b"From: vi@example.org\r\nSubject: unsubscribe\r\n" + deep, to="x@x.example")

    assert (mail.is_whole, mail.sender, mail.refuses) == (False, "vi@example.org", True)


@pytest.mark.parametrize("charset", ["x-unknown", "hex", "punycode", "utf-7", "idna", "\udce4", "utf-16"])
def test_wrong_charset_is_read_as_far_as_it_goes(charset):
    raw = letter("unsubscribe", subject="x").replace(b"charset=utf-8", b"charset=" + charset.encode("utf-8", "replace"))
    mail = parse(raw, to="x@x.example")

    assert mail.kind is Kind.LETTER
    assert mail.refuses is (charset != "utf-16")


@pytest.mark.parametrize(
    "sender", ["", "Vi", "a@b@c", "<>", "a@b, c@d", "=?utf-8?b?!!!?=", "vi@example.org\x00", "x" * 400 + "@example.org"]
)
def test_sender_that_is_no_address_is_none(sender):
    assert "@" not in parse(letter(sender=sender), to="x@x.example").sender or "\x00" in sender


@given(st.binary(max_size=600))
def test_any_bytes_are_some_mail(raw):
    assert parse(raw, to="x@x.example").to == "x@x.example"


@given(
    st.lists(
        st.sampled_from(
            [
                b"From: a@b.example",
                b"Content-Type: multipart/report; boundary=b",
                b"",
                b"--b",
                b"--b--",
                b"Content-Type: message/delivery-status",
                b"Content-Type: message/feedback-report",
                b"Content-Type: message/rfc822",
                b"Content-Transfer-Encoding: base64",
                b"Status: 5.1.1",
                b"Action: failed",
                b"\xff\x00=",
                b"Subject: =?x?q?=ff?=",
            ]
        ),
        max_size=30,
    )
)
def test_any_order_of_parts_is_some_mail(lines):
    assert parse(b"\r\n".join(lines), to="x@x.example").to == "x@x.example"
