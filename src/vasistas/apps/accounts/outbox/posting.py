"""The ways out of mails: printed, and in the demo kept; or handed to a mail server, posted behind the request."""

import email.message
import email.policy
import logging
import smtplib
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillPosting
from email.utils import parseaddr
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register  # noqa: A004 — Django's name
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import mailers
from django.core.mail.backends import console, smtp
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage

from vasistas.apps.accounts.outbox import kept

RECIPIENT = "mail"  # of the policy: whoever runs the SMTP server
CARRIED = frozenset({"user.contact.email"})
MAILS_QUEUED_MAX = 1_000  # waiting for a slow SMTP server; beyond it a mail is refused, and the sender learns it
SMTP_TIMEOUT_S = 20
LINE_CHARS_MAX = 998  # RFC 5322, 2.1.1
UNFOLDED = email.policy.SMTP.clone(max_line_length=LINE_CHARS_MAX)
PERMANENT = 500  # and above: what a mail server will never take (RFC 5321, 4.2.1)

logger = logging.getLogger(__name__)


class MailRefused(Exception):  # noqa: N818 — refusals read as facts
    """The mail server is there, and did not take this mail. is_for_now: it says it may later (RFC 5321, 4.2.1: 4xx)."""

    def __init__(self, *, is_for_now: bool = False) -> None:
        super().__init__("The mail server did not take a mail.")
        self.is_for_now = is_for_now


class AnswerLost(OSError):  # noqa: N818 — as above
    """A provider was sent this mail, and whether it took it is not known: a second try may be a second mail."""


class OutboxBackend(console.EmailBackend):
    """Print each mail; in the demo keep the latest for the page as well."""

    def write_message(self, message: EmailMessage) -> None:
        check_may_go()  # nothing leaves; what SMTP would be refused is found here already
        name_the_operator(message)
        if settings.DEMO:
            kept.keep(message.message().as_bytes())
        super().write_message(message)


class Posting(BaseEmailBackend):
    """Send behind the request: a slow server slows no page, and no page's time tells who has an account.

    The class beside it does the sending, in its `send_messages`.
    """

    posting: ClassVar = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")
    _room: ClassVar = threading.BoundedSemaphore(MAILS_QUEUED_MAX)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Raises: door.TransferRefused: under this purpose no mail may be sent. OSError: the queue is full."""
        if not self._room.acquire(blocking=False):
            raise OSError("The mail server does not keep up: 1000 mails wait. Check VASISTAS_SMTP_URL.")
        try:
            _let_pass(email_messages)
        except BaseException:
            self._room.release()
            raise
        self.posting.submit(self._post, list(email_messages))
        return len(email_messages)

    def send_and_wait(self, email_messages: Sequence[EmailMessage]) -> None:
        """Send at once, for mails that must be known to have left.

        Raises: door.TransferRefused. MailRefused. AnswerLost. OSError: there is no server, or it talks to nobody now.
        """
        _let_pass(email_messages)
        for message in email_messages:
            self.hand_over(message)

    def hand_over(self, email_message: EmailMessage) -> str:
        """Send one mail at once, for a caller that asked the door for all it sends; over the connection that is open,
        if one is. Return the provider's number of it; "": it was sent by SMTP.

        Raises: MailRefused. AnswerLost. OSError: there is no server, or it talks to nobody now.
        """
        try:
            super().send_messages([email_message])
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _text in refused.recipients.values()]
            raise MailRefused(is_for_now=max(codes) < PERMANENT) from None  # the text names an address
        except smtplib.SMTPDataError as refused:
            raise MailRefused(is_for_now=refused.smtp_code < PERMANENT) from None
        return reference_of(email_message)

    def _post(self, email_messages: list[EmailMessage]) -> None:
        try:
            super().send_messages(email_messages)
        except Exception as error:  # noqa: BLE001 — the last frame of a thread; the text could name an address
            logger.error("mail not sent", extra={"error": type(error).__name__, "mails": len(email_messages)})  # noqa: TRY400 — a traceback could name an address
        finally:
            self._room.release()


def name_the_operator(message: EmailMessage) -> None:
    """Write who answers for the site beneath a mail whose text does not say it: one record, on every mail."""
    one, text = settings.OPERATOR, str(message.body)
    if not all(said in text for said in (one.name, one.address, one.mail)):
        message.body = f"{text.rstrip()}\n\n-- \n{one.name}, {one.address}\n{one.mail} · {one.phone}\n"


def as_bytes(email_message: EmailMessage) -> bytes:
    """Return a mail as it goes over SMTP, for who speaks SMTP without a backend. Its headers stay on one line each, up
    to LINE_CHARS_MAX: a long address that is folded is encoded like words of text (RFC 2047), and no mail program finds
    it in such a List-Unsubscribe.
    """
    name_the_operator(email_message)
    return email_message.message(policy=UNFOLDED).as_bytes()


class _Unfolded:
    """A mail as a backend of Django asks for it, for `as_bytes`."""

    def __init__(self, email_message: EmailMessage) -> None:
        name_the_operator(email_message)
        self._made = email_message.message
        self.from_email = email_message.from_email
        self.recipients = email_message.recipients

    def message(self, *, policy: object) -> email.message.EmailMessage:  # noqa: ARG002 — ours in its place
        return self._made(policy=UNFOLDED)


class _BySmtp(smtp.EmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return super().send_messages([_Unfolded(one) for one in email_messages])  # type: ignore[misc]  # all it asks for


class PostingBackend(Posting, _BySmtp):
    """By SMTP."""


def reference_of(message: EmailMessage) -> str:
    """The provider's number of a mail that was sent, by which it tells what became of it; "": it was sent by SMTP."""
    found = getattr(getattr(message, "anymail_status", None), "message_id", None)
    return str(found) if isinstance(found, str | int) else ""


def settle(timeout_s: float) -> bool:
    """Wait until the mails that were queued before are with the mail server; False: they are not, after that time."""
    try:
        Posting.posting.submit(lambda: None).result(timeout_s)
    except StillPosting:
        return False
    return True


def send_and_wait(mail: EmailMessage) -> None:
    """Send one mail, and return when the server took it.

    Raises: see Posting.send_and_wait.
    """
    backend = mailers.default
    if isinstance(backend, Posting):
        backend.send_and_wait([mail])
    else:
        backend.send_messages([mail])


def check_may_go() -> None:
    """Raises: door.TransferRefused: under the purpose in force no mail may be sent."""
    from vasistas.guard.egress import door  # noqa: PLC0415 — the settings import this module, before models

    door.require(RECIPIENT, CARRIED)


def _let_pass(email_messages: Sequence[EmailMessage]) -> None:
    """The demo's own mail server passes nothing on, so nobody is noted to have got anything."""
    if settings.MAIL_SINK_PORT:
        check_may_go()
    else:
        let_out(email_messages)


def let_out(email_messages: Sequence[EmailMessage]) -> None:
    """Ask the door for all of these mails, and note whom each is to: the member with this address, or nobody.

    Raises: door.TransferRefused: one of them may not go; then none may.
    """
    check_may_go()
    addresses = [address for message in email_messages for address in message.recipients()]
    from vasistas.guard.egress import door  # noqa: PLC0415 — see above

    door.hand_over(RECIPIENT, CARRIED, [_subject_of(address) for address in addresses])


def _subject_of(address: str) -> int | None:
    from vasistas.apps.accounts.models import Member  # noqa: PLC0415 — see above

    _name, plain = parseaddr(address)
    return Member.objects.filter(email__iexact=plain).values_list("subject_id", flat=True).first()


def mailer(smtp_url: str) -> dict[str, Any]:
    """Return an entry of Django's MAILERS: `smtp://user:password@host:587?tls=start|implicit|none`, or the console."""
    if not smtp_url:
        return {"BACKEND": "vasistas.apps.accounts.outbox.OutboxBackend"}
    parts = urlsplit(smtp_url)
    tls = parse_qs(parts.query).get("tls", ["start"])[-1]
    if parts.scheme != "smtp" or not parts.hostname or tls not in {"start", "implicit", "none"}:
        raise ImproperlyConfigured(
            "VASISTAS_SMTP_URL is not understood; set it to smtp://user:password@host:587?tls=start (implicit, none)."
        )
    return {
        "BACKEND": "vasistas.apps.accounts.outbox.PostingBackend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": parts.port or (465 if tls == "implicit" else 587),
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": tls == "start",
            "use_ssl": tls == "implicit",
            "timeout": SMTP_TIMEOUT_S,
        },
    }


@register("accounts")
def check_mails_leave(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 — Django's signature
    """Warn an operator whose mails only reach the console."""
    if settings.DEMO or settings.MAILERS["default"]["BACKEND"] != "vasistas.apps.accounts.outbox.OutboxBackend":
        return []
    return [
        Warning(
            "Mails are printed to the console; nobody outside can verify an address.",
            hint="Set VASISTAS_SMTP_URL to smtp://user:password@host:587?tls=start, or VASISTAS_MAIL_PROVIDER.",
            id="accounts.W001",
        )
    ]
