"""Nasty mails: broken, deep, huge, lying. Made here, so that nothing of anybody's lies in the tree."""

import base64
import gzip
import io
import zipfile
from collections.abc import Callable

from tests.factories.inbound import letter

MB = 1024 * 1024
HEAD = b"From: Max <max@example.org>\r\nSubject: Black\r\nMessage-ID: <n@example.org>\r\nMIME-Version: 1.0\r\n"


def mixed(*parts: bytes, boundary: bytes = b"b", end: bytes = b"--b--\r\n") -> bytes:
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return HEAD + b'Content-Type: multipart/mixed; boundary="' + boundary + b'"\r\n\r\n' + body + end


def text(words: bytes = b"The picture is black.", *, charset: bytes = b"utf-8", how: bytes = b"8bit") -> bytes:
    head = b"Content-Type: text/plain; charset=" + charset + b"\r\nContent-Transfer-Encoding: " + how
    return head + b"\r\n\r\n" + words + b"\r\n"


def file(data: bytes, name: bytes = b"x.bin", *, how: bytes = b"base64") -> bytes:
    said = base64.encodebytes(data) if how == b"base64" else data
    head = b'Content-Type: application/octet-stream; name="' + name + b'"\r\nContent-Transfer-Encoding: ' + how
    return head + b'\r\nContent-Disposition: attachment; filename="' + name + b'"\r\n\r\n' + said


def nested(depth: int) -> bytes:
    inner = text()
    for level in range(depth):
        mark = b"d%d" % level
        head = b'Content-Type: multipart/mixed; boundary="' + mark + b'"\r\n\r\n--' + mark + b"\r\n"
        inner = head + inner + b"\r\n--" + mark + b"--\r\n"
    return HEAD + inner


def mail_in_mail(depth: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth + text()


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50 * MB))
    return packed.getvalue()


# name -> a mail, made when it is asked for. All of Max, and about a black picture where they can be read.
NASTY: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "only line ends": lambda: b"\r\n" * 1000,
    "no head": lambda: b"\r\nThe picture is black.\r\n",
    "no body": lambda: HEAD,
    "zero bytes": lambda: bytes(100_000),
    "every byte": lambda: bytes(range(256)) * 500,
    "no end of a part": lambda: mixed(text(), end=b""),
    "no part at all": lambda: HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n',
    "no boundary": lambda: HEAD + b"Content-Type: multipart/mixed\r\n\r\n--\r\n\r\nThe picture is black.",
    "empty boundary": lambda: mixed(text(), boundary=b"", end=b"----\r\n"),
    "boundary within boundary": lambda: mixed(text(), text(), boundary=b"b", end=b"--bb--\r\n"),
    "bare line feeds": lambda: mixed(text()).replace(b"\r\n", b"\n"),
    "bare carriage returns": lambda: mixed(text()).replace(b"\r\n", b"\r"),
    "a line of a megabyte": lambda: letter("a" * MB, sender="max@example.org"),
    "a header of a megabyte": lambda: HEAD + b"X-A: " + b"a" * MB + b"\r\n\r\nThe picture is black.",
    "100,000 headers": lambda: HEAD + b"X-A: b\r\n" * 100_000 + b"\r\nThe picture is black.",
    "100,000 recipients": lambda: HEAD + b"To: " + b"a@example.org,\r\n " * 100_000 + b"b@example.org\r\n\r\nHi.",
    "a subject of encoded words": lambda: HEAD.replace(b"Black", b"=?utf-8?q?=41?= " * 20_000) + b"\r\nHi.",
    "a subject in an unknown charset": lambda: HEAD.replace(b"Black", b"=?x-none?b?////?= =?utf-8?b?=?=") + b"\r\nHi.",
    "parts by the thousand": lambda: mixed(*[text(b"a")] * 5_000),
    "nested parts": lambda: nested(2_000),
    "mails within mails": lambda: mail_in_mail(2_000),
    "a wrong charset": lambda: mixed(text("Das Bild ist schwarz, größer".encode("latin-1"), charset=b"utf-8")),
    "an unknown charset": lambda: mixed(text(charset=b"x-made-up")),
    "a charset that is a codec": lambda: mixed(text(b"x\x9c\x03\x00", charset=b"zlib_codec")),
    "utf-7": lambda: mixed(text(b"+ADw-script+AD4-", charset=b"utf-7")),
    "half a character": lambda: mixed(text(b"\xf0\x9f\x98", charset=b"utf-8")),
    "utf-16 without its mark": lambda: mixed(text("Schwarz".encode("utf-16-be"), charset=b"utf-16")),
    "surrogates": lambda: mixed(text(b"\xed\xa0\x80", charset=b"utf-8")),
    "base64 that is none": lambda: mixed(text(b"@@@=", how=b"base64")),
    "an unknown encoding": lambda: mixed(text(how=b"x-uuencode-twice")),
    "uuencode": lambda: mixed(text(b"begin 644 /etc/passwd\n#0V%T\n`\nend", how=b"x-uuencode")),
    "quoted-printable cut short": lambda: mixed(text(b"=E2=8", how=b"quoted-printable")),
    "two content types": lambda: HEAD + b"Content-Type: text/html\r\n" + text(),
    "a file that is a zip bomb": lambda: mixed(text(), file(zip_bomb(), b"a.png")),
    "a file that is a gzip bomb": lambda: mixed(text(), file(gzip.compress(bytes(50 * MB)), b"a.pdf")),
    "a file of 10 MB": lambda: mixed(text(), file(b"%PDF-1.7\n" + bytes(10 * MB - 9), b"big.pdf")),
    "a file that is too large": lambda: mixed(text(), file(b"%PDF-1.7\n" + bytes(10 * MB), b"big.pdf")),
    "a file that leads elsewhere": lambda: mixed(text(), file(b"%PDF-", b"../../etc/passwd\x00.pdf")),
    "a file with a name of 100 kB": lambda: mixed(text(), file(b"%PDF-", b"a" * 100_000 + b".pdf")),
    "files by the hundred": lambda: mixed(text(), *[file(b"%PDF-1", b"a.pdf")] * 300),
    "an svg that runs": lambda: mixed(text(), file(b"<svg onload='alert(1)'/>", b"a.png")),
    "html that runs": lambda: HEAD + b"Content-Type: text/html\r\n\r\n<script>alert(1)</script><p onclick=x>Hi</p>",
    "html that nests": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 50_000 + b"Hi",
    "html without an end": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<!--" * 50_000,
    "html of half tags": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<a" * 50_000 + b"<?</" * 20_000,
    "html of large numbers": lambda: HEAD + b"Content-Type: text/html\r\n\r\n&#" + b"9" * 50_000 + b";",
    "html of quotes": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<blockquote>" * 50_000 + b"</p>" * 50_000,
    "quotes of quotes": lambda: letter(("> " * 500 + "a\n") * 500, sender="max@example.org"),
    "attributions": lambda: letter("On a\n" * 5_000 + "wrote:", sender="max@example.org"),
    "a header injected": lambda: HEAD.replace(b"Black", b"Black\rBcc: all@example.org\x00\x0b\x85X: y") + b"\r\nHi.",
    "a header injected by encoding": lambda: (
        HEAD.replace(b"Black", b"=?utf-8?q?a=0D=0ABcc:_b@example.org?=") + b"\r\n\r\n"
    ),
    "an address injected": lambda: HEAD.replace(b"max@", b"a@example.org\r\n\tb@example.org, max@") + b"\r\nHi.",
    "many senders": lambda: HEAD + b"From: eve@example.org\r\n\r\nHi.",
    "a sender without address": lambda: HEAD.replace(b"<max@example.org>", b"") + b"\r\nHi.",
    "a sender of 100 kB": lambda: HEAD.replace(b"max@", b"m" * 100_000 + b"@") + b"\r\nHi.",
    "comments in comments": lambda: HEAD.replace(b"Max <", b"(" * 50_000 + b"<") + b"\r\nHi.",
    "a Message-ID that is none": lambda: HEAD.replace(b"<n@example.org>", b"\x00<<>>" * 1_000) + b"\r\nHi.",
    "references without end": lambda: HEAD + b"References: " + b"<a@b> " * 50_000 + b"\r\n\r\nHi.",
    "a report without parts": lambda: HEAD + b"Content-Type: multipart/report; boundary=b\r\n\r\n--b--\r\n",
    "a report that lies": lambda: mixed(text(), b"Content-Type: message/delivery-status\r\n\r\n\xff\x00").replace(
        b"multipart/mixed", b"multipart/report"
    ),
    "parts elsewhere": lambda: mixed(
        b"Content-Type: message/external-body; access-type=local-file; name=/etc/passwd\r\n\r\n\r\n"
    ),
    "a part of a mail": lambda: HEAD + b"Content-Type: message/partial; number=1; total=9; id=a\r\n\r\nHi.",
    "parameters by number": lambda: mixed(
        text(), b"Content-Type: image/png;" + b"".join(b" name*%d*=a%%ff;" % n for n in range(5_000)) + b"\r\n\r\nx"
    ),
    "a parameter without a number": lambda: mixed(
        text(),
        b"Content-Type: a/b; name*99999999999999999999=a\r\nContent-Disposition: attachment; filename*=x'\r\n\r\nx",
    ),
}
