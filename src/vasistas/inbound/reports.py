"""Reports of machines: whether a mail arrived (RFC 3464), and who complained (RFC 5965). Also: what a machine wrote."""

import re
from email.message import Message
from typing import Any

from vasistas.inbound import texts
from vasistas.inbound.mail import Kind

RECIPIENTS_MAX = 20  # of one report that are read
REPORTED_MAX = 5  # tokens and addresses that are taken from one complaint
REPORTED_CHARS_MAX = 100_000  # of the mail complained about that are looked at

_TOKEN = re.compile(r"[+/]([A-Za-z0-9_-]{43})(?=[@/])")
_COMPLAINING = frozenset({"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list"})
_FAILED = "failed"
_AWAY = re.compile(
    r"\s*(auto(matic|mated)?[ -]?(reply|response)|auto:|out of( the)? office|réponse automatique|absence|"
    r"automatische antwort|abwesenheit)",
    re.IGNORECASE,
)


def report_of(message: "Message[Any, Any]") -> dict[str, Any] | None:
    """What a report says, as fields of `Mail`; None: it is none."""
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return None
    parts = message.get_payload()
    if not isinstance(parts, list):
        return None
    for part in parts[1:3]:
        if not isinstance(part, Message):
            continue
        kind = part.get_content_type()
        if kind in {"message/delivery-status", "message/global-delivery-status"}:
            return _delivery(part)
        if kind == "message/feedback-report":
            return _feedback(part, parts[2:3])
    return None


def is_automatic(message: "Message[Any, Any]", *, envelope: str | None) -> bool:
    """Whether a machine wrote it, as far as one can tell (RFC 3834, 2 and 3.1; RFC 5321, 4.5.5)."""
    if envelope == "":
        return True
    submitted = texts.header(message, "Auto-Submitted").partition(";")[0].strip().casefold()
    if submitted not in {"", "no"}:
        return True
    if texts.header(message, "Precedence").strip().casefold() in {"bulk", "list", "junk", "auto_reply"}:
        return True
    names = {str(name).casefold() for name in message.keys()}  # noqa: SIM118 — a Message, not a dict
    if names & {"x-autoreply", "x-autorespond", "list-id", "list-unsubscribe", "x-loop"}:
        return True
    return bool(_AWAY.match(texts.header(message, "Subject")))


def _fields_of(part: "Message[Any, Any]") -> list["Message[Any, Any]"]:
    payload = part.get_payload()
    if isinstance(payload, list):
        return [one for one in payload if isinstance(one, Message)][: RECIPIENTS_MAX + 1]
    return []


def _delivery(part: "Message[Any, Any]") -> dict[str, Any]:
    failed = []
    for fields in _fields_of(part):
        action = texts.header(fields, "Action").partition("(")[0].strip().casefold()
        status = texts.header(fields, "Status").strip()
        if action == _FAILED and status[:2] in {"4.", "5."}:
            failed.append(status[0])
    if not failed:  # delayed, relayed, delivered: nothing is known yet
        return {"kind": Kind.AUTOMATIC}
    return {"kind": Kind.BOUNCE, "is_hard": "5" in failed}


def _feedback(part: "Message[Any, Any]", reported: list[Any]) -> dict[str, Any]:
    fields = next(iter(_fields_of(part)), None)
    if fields is None:
        return {"kind": Kind.AUTOMATIC}
    if texts.header(fields, "Feedback-Type").strip().casefold() not in _COMPLAINING:
        return {"kind": Kind.AUTOMATIC}  # among them not-spam, and kinds that nobody has named yet
    said = texts.header(fields, "Original-Mail-From") + "\n"
    said += "\n".join(_source(one) for one in reported)
    addresses = [texts.address_in(str(one)) for one in fields.get_all("Original-Rcpt-To", [])[:REPORTED_MAX]]
    return {
        "kind": Kind.COMPLAINT,
        "tokens": tuple(dict.fromkeys(_TOKEN.findall(said)))[:REPORTED_MAX],
        "addresses": tuple(dict.fromkeys(one for one in addresses if one)),
    }


def _source(part: Any) -> str:
    """The beginning of the mail complained about: its headers are there, whole or as text/rfc822-headers."""
    if not isinstance(part, Message):
        return ""
    inner = _fields_of(part)
    message = inner[0] if inner else part
    headers = "\n".join(texts.header(message, name) for name in ("Return-Path", "List-Unsubscribe", "Reply-To"))
    return f"{headers}\n{texts.decoded(part) if not inner else ''}"[:REPORTED_CHARS_MAX]
