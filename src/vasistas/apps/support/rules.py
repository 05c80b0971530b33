"""What holds of conversations. Pure, but for the key of the blind index."""

import hashlib
import re
from datetime import datetime, timedelta

from vasistas.guard import keyring

KEY = "blind.support"  # never the key of the log-in index, nor of suppressions: the three cannot be compared
ANSWER_WITHIN = timedelta(hours=48)
URGENT_WITHIN = timedelta(hours=4)
CLOSED_UNANSWERED_AFTER = timedelta(days=30)  # a conversation that waits for the person
PROBE_WITHIN = timedelta(minutes=5)  # what the site writes to itself is a ticket by then
WINDOW_KEPT_OPEN = timedelta(minutes=30)
WINDOW_SPAN_MAX = timedelta(hours=24)  # of chat that one window shows
REFERENCES_MAX = 20  # Message-IDs in a mail of ours

NUMBER = re.compile(r"\[([A-HJ-NP-Z2-9]{8})\]")
PROBE = re.compile(r"\bprobe ([A-Za-z0-9_-]{43})\b")


def index_of(text: str) -> str:
    """The blind index of an address or a Message-ID, whatever its case; 32 hex digits."""
    return keyring.blind(KEY, text.strip().lower())


def index_of_message(message_id: str, *, sender: str) -> str:
    """The blind index of a mail that somebody sent: another's of the same name is another. sender: "" for ours."""
    return index_of(f"{sender}\n{message_id}" if sender else message_id)


def due(at: datetime, *, is_urgent: bool) -> datetime:
    """By when somebody who wrote at this moment is answered."""
    return at + (URGENT_WITHIN if is_urgent else ANSWER_WITHIN)


def digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
