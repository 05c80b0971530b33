"""What came in, as far as the site needs it."""

from dataclasses import dataclass, field
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
class File:
    """An attachment. name: as its sender wrote it, without folders; "" without one. content_type: as its bytes say."""

    name: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Mail:
    """One mail to one of our addresses.

    to: that address, as the envelope had it. sender: of the line From, bare, in lower case; "" without one. text: what
    its sender wrote, quotes and signature left out; whole: with them. refuses: it says unsubscribe, stop, or objects
    to advertising. is_hard: of a bounce, for good (5.x.x). tokens, addresses: of what a complaint complains about.
    message_id: as it stands in the mail. is_whole: False where only the headers could be read. files: attachments.
    asks: what it asks for under the rights of GDPR Art. 15 to 21, see words.RIGHTS; "" for nothing. references: the
    Message-IDs that it answers, the nearest first. kept: the attachments that are taken; auth: the results of SPF, DKIM
    and DMARC by authserv-id (RFC 8601). raw: all of it, as it came.
    has_sender: of the envelope; False: it is known to have none (RFC 5321, 4.5.5).
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
    has_sender: bool = True
    asks: str = ""
    references: tuple[str, ...] = ()
    kept: tuple[File, ...] = field(default=(), repr=False)
    auth: tuple[tuple[str, str], ...] = ()
    raw: bytes = field(default=b"", repr=False)
