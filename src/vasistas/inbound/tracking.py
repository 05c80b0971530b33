"""What a mail provider tells of a mail, in our words. django-anymail has read and verified it before."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

REFERENCE_CHARS_MAX = 128
DEPTH_MAX = 4  # of what is looked at in a provider's own words
SAYS = frozenset({"event", "type", "Type", "status", "bounce_class", "SuppressionReason"})  # where providers say more
SOFT_WORDS = frozenset({"soft_bounce", "soft_bounced", "SoftBounce", "Transient", "Temporary", "soft bounce"})
SOFT_CLASSES = frozenset({"20", "21", "22", "23", "70"})  # of SparkPost's bounce_class
HARD_WORDS = frozenset({"HardFail"})  # Postal's
GONE = frozenset({"bounced", "invalid"})  # reasons of django-anymail: nobody is there
TEMPORARY = re.compile(r"(?:^|[\s:;(])4(?:\d\d|\.\d{1,3}\.\d{1,3})(?=$|[\s:;,)-])")  # RFC 5321, 4.2.1; RFC 3463, 3.1
PERMANENT = re.compile(r"(?:^|[\s:;(])5(?:\d\d|\.\d{1,3}\.\d{1,3})(?=$|[\s:;,)-])")


class Fate(StrEnum):
    DELIVERED = "delivered"
    BOUNCED = "bounced"  # nobody is there
    DELAYED = "delayed"  # given up for now: a full mailbox, a server that is away
    COMPLAINED = "complained"
    REFUSED = "refused"  # unsubscribed at the provider
    FAILED = "failed"  # it could not be sent, for reasons that are not the recipient's


@dataclass(frozen=True)
class Told:
    """reference: the provider's number of the mail, as it gave it when it took the mail."""

    fate: Fate
    reference: str


class Event(Protocol):
    """django-anymail's AnymailTrackingEvent, as far as it is read."""

    event_type: str
    message_id: str | int | None
    reject_reason: str | None
    mta_response: str | None
    esp_event: Any


def read(event: Event) -> Told | None:
    """Return what became of a mail; None: nothing did, or it is no business of ours (opened, clicked)."""
    reference = str(event.message_id) if isinstance(event.message_id, str | int) else ""
    if not 0 < len(reference) <= REFERENCE_CHARS_MAX:
        return None
    fate = _fate(event)
    return Told(fate, reference) if fate else None


def _fate(event: Event) -> Fate | None:
    kind, reason = event.event_type, event.reject_reason
    if kind in {"delivered", "complained"}:
        return Fate(kind)
    if kind == "unsubscribed" or (kind == "rejected" and reason == "unsubscribed"):
        return Fate.REFUSED
    if kind == "rejected" and reason == "spam":
        return Fate.COMPLAINED  # it was, once: the provider keeps a list
    if kind == "bounced" or (kind == "rejected" and reason in GONE):
        return Fate.BOUNCED if _is_hard(event) else Fate.DELAYED
    if kind in {"rejected", "failed"}:
        return Fate.BOUNCED if HARD_WORDS & set(_words(event.esp_event)) else Fate.FAILED
    return None


def _is_hard(event: Event) -> bool:
    """django-anymail has one word for bounces of both kinds, so the provider's own words are asked too."""
    words = set(_words(event.esp_event))
    if words & SOFT_WORDS or words & {f"bounce_class {one}" for one in SOFT_CLASSES} or "hard_bounce False" in words:
        return False
    if TEMPORARY.search(said := str(event.mta_response or "")) and not PERMANENT.search(said):
        return False
    return event.reject_reason is None or event.reject_reason in GONE


def _words(value: object, depth: int = 0) -> Iterator[str]:
    if not isinstance(value, Mapping) or depth > DEPTH_MAX:
        return
    for name, one in value.items():
        if isinstance(one, Mapping):
            yield from _words(one, depth + 1)
        elif name == "hard_bounce":
            yield f"hard_bounce {one}"
        elif name in SAYS:
            yield f"{name} {one}"
            yield str(one)
