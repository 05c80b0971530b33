"""Whatever comes in is read as something: no crash, no endless work, nothing that a line or a database trips over."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.inbound import bounce, complaint
from tests.factories.nasty import MB, NASTY, mixed, text
from vasistas.inbound import Kind, files, parse, reading, texts

LINES = ("subject", "message_id", "sender")


def look_at(mail, raw):
    """What holds of everything that is read, whatever it was."""
    for name in LINES:
        said = getattr(mail, name)
        assert len(said) <= texts.HEADER_CHARS_MAX, name
        assert not set(said) & set("\r\n\0"), name
    for said in (mail.text, mail.whole):
        assert len(said) <= reading.TEXT_CHARS_MAX
        assert "\0" not in said
        said.encode()  # no half of a character
    assert mail.sender.count("@") <= 1
    assert len(mail.kept) <= files.FILES_MAX
    assert len(mail.references) <= reading.REFERENCES_MAX
    for file in mail.kept:
        assert 0 < len(file.data) <= files.FILE_BYTES_MAX
        assert len(file.name) <= files.NAME_CHARS_MAX
        assert not set(file.name) & set("/\\\r\n\0<>\"'")
        assert file.content_type in files.TYPES
    assert mail.raw == raw


@pytest.mark.parametrize("name", NASTY)
def test_nasty_mails_are_read_within_bounds(name):
    raw = NASTY[name]()

    look_at(parse(raw, to="help@cams.example"), raw)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no end of a part", "The picture is black."),
        ("bare line feeds", "The picture is black."),
        ("a header of a megabyte", "The picture is black."),
        ("100,000 headers", "The picture is black."),
        ("an unknown charset", "The picture is black."),
        ("a file that is a zip bomb", "The picture is black."),
        ("a wrong charset", "Das Bild ist schwarz, gr\ufffd\ufffder"),
        ("html that runs", "Hi"),
    ],
)
def test_what_can_be_read_of_them_is(name, words):
    mail = parse(NASTY[name](), to="help@cams.example")

    assert (mail.kind, mail.whole, mail.sender) == (Kind.LETTER, words, "max@example.org")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a file that is a zip bomb", []),
        ("a file that is a gzip bomb", []),
        ("a file that is too large", []),
        ("a file of 10 MB", [("big.pdf", "application/pdf", 10 * MB)]),
        ("a file that leads elsewhere", [("passwd.pdf", "application/pdf", 5)]),
        ("an svg that runs", [("a.png", "text/plain", 24)]),
    ],
)
def test_files_are_never_unpacked_and_taken_by_their_bytes(name, kept):
    mail = parse(NASTY[name](), to="help@cams.example")

    assert [(one.name, one.content_type, len(one.data)) for one in mail.kept] == kept
    assert mail.files == 1


@pytest.mark.parametrize("name", ["nested parts", "mails within mails"])
def test_of_a_mail_that_is_too_deep_the_head_is_read(name):
    mail = parse(NASTY[name](), to="help@cams.example")

    assert (mail.is_whole, mail.subject, mail.sender) == (False, "Black", "max@example.org")


SOME = [mixed(text(), text()), bounce(), complaint(), NASTY["parameters by number"](), NASTY["a report that lies"]()]
WORDS = [
    *(b"\r\n", b"\n\n", b"--b", b"--b--", b"Content-Type: ", b"multipart/report; boundary=", b"message/rfc822", b"\0"),
    *(b"charset=", b"=?utf-8?b?", b"?=", b"base64", b"References: ", b"<a@b>", b"<blockquote>", b"From: ", b";", b'"'),
    *(b"Authentication-Results: ", b"name*0*=", b"Content-Disposition: attachment; filename=", b"\xff\xfe", b"%PDF-"),
]


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(SOME),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 60), st.sampled_from(WORDS) | st.binary(max_size=12))),
)
def test_any_mail_with_any_bytes_cut_in_is_read(raw, cuts):
    for at, length, put in cuts:
        raw = raw[:at] + put + raw[at + length :]

    look_at(parse(raw, to="help@cams.example"), raw)


@given(st.lists(st.sampled_from(WORDS) | st.binary(max_size=20)).map(b"".join))
def test_any_bytes_are_read(raw):
    look_at(parse(raw, to="help@cams.example"), raw)
