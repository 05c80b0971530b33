"""What came in, as far as the site needs it."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    LETTER = "letter"  # somebody wrote it
    AUTOMATIC = "automatic"  # a machine did: nobody is answered, nothing is concluded (RFC 3834)
    BOUNCE = "bounce"  # a mail of ours was not delivered (RFC 3464)
    COMPLAINT = "complaint"  # somebody pressed "this is spam" (RFC 5965)


class Refused(Exception):  # noqa: N818 — refusals read as facts
    """A mail is not taken. code: of SMTP (RFC 5321), 4xx or 5xx. sentence: what its sender reads; nothing personal."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True)
class Mail:
    """One mail to one of our addresses.

    to: that address, as the envelope had it. sender: of the line From, bare, in lower case; "" without one. text: what
    its sender wrote, quotes and signature left out; whole: with them. refuses: it says unsubscribe, stop, or objects
    to advertising. is_hard: of a bounce, for good (5.x.x). tokens, addresses: of what a complaint complains about.
    message_id: as it stands in the mail. is_whole: False where only the headers could be read. files: attachments.
    """

    to: str
    kind: Kind
    sender: str = ""
    subject: str = ""
    text: str = ""
    whole: str = ""
    refuses: bool = False
    is_hard: bool = False
    tokens: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    message_id: str = ""
    is_whole: bool = True
    files: int = 0
