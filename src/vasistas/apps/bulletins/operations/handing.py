"""Handing one message over: by one kept SMTP connection, by a provider's API, by SMS; and what came of it."""

import smtplib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from django.core.mail import mailers
from django.core.mail.backends import smtp

from vasistas.apps.accounts import outbox
from vasistas.apps.bulletins import letters
from vasistas.apps.bulletins.models import Campaign, Channel, Suppression
from vasistas.apps.bulletins.operations import texting
from vasistas.guard.egress import door
from vasistas.guard.egress import sms as sms_door
from vasistas.sms import port

OK, FORWARDED, PERMANENT = 250, 251, 500  # replies of RFC 5321, 4.2.1
NOBODY_THERE = frozenset({550, 551, 553})  # in answer to RCPT: no such mailbox
FOLLOWING = "user.behaviour.following"
CARRIED = frozenset({"user.contact.bulletin"})


class Result(StrEnum):
    HANDED = "handed"
    LATER = "later"  # certainly not taken; again with a pause
    AWAY = "away"  # the server itself is not there; nobody's attempt
    BOUNCED = "bounced"
    STOPPED = "stopped"  # the provider knows that they answered STOP
    FAILED = "failed"
    UNCLEAR = "unclear"  # the connection ended after the text and before the answer


@dataclass(frozen=True)
class Came:
    """What came of one message. reference: the provider's number of it."""

    result: Result
    reference: str = ""

    @property
    def suppresses(self) -> str:
        reasons = {Result.BOUNCED: Suppression.Reason.BOUNCED, Result.STOPPED: Suppression.Reason.STOPPED}
        return str(reasons.get(self.result, ""))


class Way(Protocol):
    def send(self, letter: letters.Letter, to: letters.Recipient, subject_id: int) -> Came: ...

    def close(self) -> None: ...


class BySmtp:
    """One connection for many messages, opened when it is first needed and again after it broke (RFC 5321)."""

    def __init__(self, backend: smtp.EmailBackend) -> None:
        self._backend = backend
        self._has_text_left = False

    def send(self, letter: letters.Letter, to: letters.Recipient, subject_id: int) -> Came:  # noqa: ARG002 — of a Way
        envelope_from, content = letter.bytes_for(to)
        self._has_text_left = False
        try:
            self._backend.open()
            came = self._converse(self._backend.connection, envelope_from, to.address, content)
        except smtplib.SMTPDataError as refused:  # in place of 354: nothing of the text went
            came = Came(Result.LATER if refused.smtp_code < PERMANENT else Result.FAILED)
        except (OSError, smtplib.SMTPException):
            self.close()
            return Came(Result.UNCLEAR if self._has_text_left else Result.AWAY)
        except UnicodeError:  # an address that this server's protocol has no letters for
            came = Came(Result.FAILED)
        if came.result != Result.HANDED:
            self._give_up()
        return came

    def _converse(self, server: Any, envelope_from: str, address: str, content: bytes) -> Came:
        server.ehlo_or_helo_if_needed()
        code, _said = server.mail(envelope_from)
        if code != OK:  # it takes nothing from us, whoever it is to
            return Came(Result.AWAY)
        code, _said = server.rcpt(address)
        if code not in {OK, FORWARDED}:
            return Came(_of_recipient(code))
        self._has_text_left = True
        code, _said = server.data(content)
        if code == OK:
            return Came(Result.HANDED)
        return Came(Result.LATER if code < PERMANENT else Result.FAILED)

    def close(self) -> None:
        try:
            self._backend.close()
        except (OSError, smtplib.SMTPException):
            self._backend.connection = None

    def _give_up(self) -> None:
        """End this message alone; the connection stays."""
        try:
            self._backend.connection.rset()  # type: ignore[union-attr]  # it was just spoken to
        except (OSError, smtplib.SMTPException):
            self.close()


class ByApi:
    """A provider's API; the connection is kept."""

    def __init__(self, backend: outbox.ProviderBackend) -> None:
        self._backend = backend

    def send(self, letter: letters.Letter, to: letters.Recipient, subject_id: int) -> Came:  # noqa: ARG002 — of a Way
        try:
            self._backend.open()
            return Came(Result.HANDED, self._backend.hand_over(letter.message_for(to)))
        except outbox.MailRefused as refused:
            return Came(Result.LATER if refused.is_for_now else Result.FAILED)
        except outbox.AnswerLost:
            return Came(Result.UNCLEAR)
        except OSError:
            self.close()
            return Came(Result.AWAY)

    def close(self) -> None:
        self._backend.close()


class ByBackend:
    """Whatever else Django's mail settings name, such as the console."""

    def send(self, letter: letters.Letter, to: letters.Recipient, subject_id: int) -> Came:  # noqa: ARG002 — of a Way
        try:
            mailers.default.send_messages([letter.message_for(to)])
        except ConnectionRefusedError:
            return Came(Result.AWAY)
        except OSError:
            return Came(Result.UNCLEAR)
        return Came(Result.HANDED)

    def close(self) -> None:
        """Keeps nothing open."""


class BySms:
    """tells_following: the texts say that a room they follow is live."""

    def __init__(self, *, tells_following: bool) -> None:
        self._tells_following = tells_following

    def send(self, letter: letters.Letter, to: letters.Recipient, subject_id: int) -> Came:
        key = texting.key_of(to.send_id)
        try:
            text = letter.sms_for(to)
            reference = sms_door.send(
                to=to.address, text=text, key=key, subject_id=subject_id, tells_following=self._tells_following
            )
        except port.SmsUnreachable:
            return Came(Result.LATER)
        except port.SmsUnclear:
            return Came(Result.UNCLEAR)
        except port.NumberStopped:
            return Came(Result.STOPPED)
        except port.NumberUnknown:
            return Came(Result.BOUNCED)
        except port.SmsError:
            return Came(Result.FAILED)
        return Came(Result.HANDED, reference)

    def close(self) -> None:
        """Keeps nothing open."""


def way_of(campaign: Campaign) -> Way:
    """How this campaign's messages go."""
    if campaign.channel == Channel.SMS:
        return BySms(tells_following=tells_following(campaign))
    backend = mailers.default
    if isinstance(backend, outbox.ProviderBackend):
        return ByApi(backend)
    return BySmtp(backend) if isinstance(backend, smtp.EmailBackend) else ByBackend()


def let_out(campaign: Campaign, subject_ids: list[int]) -> None:
    """Ask the door for mails to these people, and note them. SMS asks one by one (guard/egress/sms.py).

    Raises: TransferRefused. DatabaseError: it cannot be noted; then nothing may be sent.
    """
    if campaign.channel == Channel.MAIL and subject_ids:
        carried = CARRIED | (frozenset({FOLLOWING}) if tells_following(campaign) else frozenset())
        door.hand_over(outbox.RECIPIENT, carried, subject_ids)


def tells_following(campaign: Campaign) -> bool:
    """Whether a letter shows whom its reader follows."""
    return campaign.kind != Campaign.Kind.MANUAL or "follows_room" in campaign.audience


def _of_recipient(code: int) -> Result:
    if code in NOBODY_THERE:
        return Result.BOUNCED
    return Result.LATER if code < PERMANENT else Result.FAILED
