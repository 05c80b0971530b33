"""What a mail says. Whatever comes in, `parse` returns something."""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from typing import Any

from vasistas.inbound import files, reports, texts, words
from vasistas.inbound.mail import File, Kind, Mail

NESTINGS_MAX = 40  # boundaries and mails within a mail: beyond, the headers alone are read
PARTS_MAX = 100  # that are looked at
TEXT_CHARS_MAX = 50_000  # of what is kept
REFERENCES_MAX = 20  # Message-IDs of what is answered
AUTH_MAX = 5  # headers of results

_MESSAGE_ID = re.compile(r"<[^<>\s]{3,300}>")

_NESTING = re.compile(rb"boundary|content-type:\s*message/", re.IGNORECASE)


def parse(raw: bytes, *, to: str, envelope: str | None = None) -> Mail:
    """Read one mail. to: the address it came to. envelope: its sender by the envelope, "" for none, None: not known."""
    is_deep = len(_NESTING.findall(raw)) > NESTINGS_MAX
    message = None if is_deep else _parsed(raw, BytesParser(policy=compat32))
    is_whole = message is not None
    if message is None:
        message = _parsed(raw, BytesHeaderParser(policy=compat32)) or Message()
    about: dict[str, Any] = {
        "to": to,
        "sender": texts.address_in(texts.header(message, "From")),
        "subject": texts.header(message, "Subject"),
        "message_id": next(iter(_MESSAGE_ID.findall(texts.header(message, "Message-ID"))), ""),
        "is_whole": is_whole,
        "references": _references(message),
        "auth": _auth(message),
        "raw": raw,
        "has_sender": envelope != "",
    }
    report = reports.report_of(message) if is_whole else None
    if report is not None:
        return Mail(**about, **report)
    whole, count, kept = _read(message) if is_whole else ("", 0, ())
    text = words.own(whole)
    return Mail(
        **about,
        kind=Kind.AUTOMATIC if reports.is_automatic(message, envelope=envelope) else Kind.LETTER,
        text=text,
        whole=whole,
        files=count,
        kept=kept,
        refuses=words.refuse(subject=about["subject"], text=text),
        asks=words.right_asked(subject=about["subject"], text=text),
    )


def _parsed(raw: bytes, parser: Any) -> "Message[Any, Any] | None":
    try:
        parsed: Message[Any, Any] = parser.parsebytes(raw)
    except Exception:  # noqa: BLE001 — whatever the library trips over (RecursionError too), the mail is somebody's
        return None
    return parsed


def _references(message: "Message[Any, Any]") -> tuple[str, ...]:
    """What a mail answers, the nearest first (RFC 5322, 3.6.4)."""
    nearest = _MESSAGE_ID.findall(texts.header(message, "In-Reply-To"))
    earlier = _MESSAGE_ID.findall(texts.header(message, "References"))
    return tuple(dict.fromkeys([*nearest, *reversed(earlier)]))[:REFERENCES_MAX]


def _auth(message: "Message[Any, Any]") -> tuple[tuple[str, str], ...]:
    """Results by who found them, the topmost first: a sender can write some too, and those stand beneath."""
    found = []
    for line in (message.get_all("Authentication-Results") or [])[:AUTH_MAX]:
        server, _semicolon, results = texts.clean(" ".join(str(line).split())).partition(";")
        found.append((server.strip().partition(" ")[0].lower(), results.strip()[: texts.HEADER_CHARS_MAX]))
    return tuple(found)


def _read(message: "Message[Any, Any]") -> tuple[str, int, tuple[File, ...]]:
    """The text of a mail, how many files hang on it, and those that are taken. Plain text before HTML; a mail within
    the mail is a file that is not taken.
    """
    plain: list[str] = []
    html: list[str] = []
    kept: list[File] = []
    count = 0
    for number, part in enumerate(_leaves(message)):
        kind = part.get_content_type()
        if number >= PARTS_MAX:
            break
        if kind not in {"text/plain", "text/html"} or part.get_content_disposition() == "attachment":
            count += 1
            file = files.file_of(part) if len(kept) < files.FILES_MAX else None
            kept += [file] if file else []
        elif kind == "text/plain":
            plain.append(texts.decoded(part))
        else:
            html.append(texts.without_markup(texts.decoded(part)))
    found = [one for one in plain if one.strip()] or html
    return "\n".join(found)[:TEXT_CHARS_MAX].strip(), count, tuple(kept)


def _leaves(message: "Message[Any, Any]") -> Iterator["Message[Any, Any]"]:
    waiting: list[Any] = [message]
    while waiting:
        part = waiting.pop()
        payload = part.get_payload() if isinstance(part, Message) else None
        if isinstance(payload, list) and part.get_content_maintype() == "multipart":
            waiting.extend(reversed(payload))
        elif isinstance(part, Message):
            yield part
