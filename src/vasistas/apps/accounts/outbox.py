"""Where mails go: to the console, in the demo also to a page; or to an SMTP server, posted behind the request.

The demo's mails are files below DATA, newest first by name and bounded; no table, for no real member is there.
"""

import email.policy
import logging
import secrets
import smtplib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage as ParsedMessage
from email.parser import BytesParser
from email.utils import parseaddr
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register  # noqa: A004 — Django's name
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import mailers
from django.core.mail.backends import console, smtp
from django.core.mail.message import EmailMessage

RECIPIENT = "mail"  # of the policy: whoever runs the SMTP server
CARRIED = frozenset({"user.contact.email"})
MAILS_KEPT_MAX = 200  # the demo page's memory
MAILS_QUEUED_MAX = 1_000  # waiting for a slow SMTP server; beyond it a mail is refused, and the sender learns it
SMTP_TIMEOUT_S = 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mail:
    """One mail of the demo. name: of its file, and in its address."""

    name: str
    at: datetime
    to: str
    subject: str
    text: str


class MailRefused(Exception):  # noqa: N818 — refusals read as facts
    """The mail server is there, and did not take this mail."""


class OutboxBackend(console.EmailBackend):
    """Print each mail; in the demo keep the latest for the page as well."""

    def write_message(self, message: EmailMessage) -> None:
        check_may_go()  # nothing leaves; what SMTP would be refused is found here already
        if settings.DEMO:
            _keep(message.message().as_bytes(), folder=_folder(), now_ns=time.time_ns())
        super().write_message(message)


class PostingBackend(smtp.EmailBackend):
    """Send by SMTP behind the request: a slow server slows no page, and no page's time tells who has an account."""

    _posting: ClassVar = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")
    _room: ClassVar = threading.BoundedSemaphore(MAILS_QUEUED_MAX)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Raises: door.TransferRefused: under this purpose no mail may be sent. OSError: the queue is full."""
        if not self._room.acquire(blocking=False):
            raise OSError("The mail server does not keep up: 1000 mails wait. Check VASISTAS_SMTP_URL.")
        try:
            let_out(email_messages)
        except BaseException:
            self._room.release()
            raise
        self._posting.submit(self._post, list(email_messages))
        return len(email_messages)

    def send_and_wait(self, email_messages: Sequence[EmailMessage]) -> None:
        """Send at once, for mails that must be known to have left.

        Raises: door.TransferRefused. MailRefused. OSError: there is no server, or it talks to nobody now.
        """
        let_out(email_messages)
        try:
            super().send_messages(email_messages)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
            raise MailRefused from None  # the text names an address

    def _post(self, email_messages: list[EmailMessage]) -> None:
        try:
            super().send_messages(email_messages)
        except Exception as error:  # noqa: BLE001 — the last frame of a thread; the text could name an address
            logger.error("mail not sent", extra={"error": type(error).__name__, "mails": len(email_messages)})  # noqa: TRY400 — a traceback could name an address
        finally:
            self._room.release()


def send_and_wait(mail: EmailMessage) -> None:
    """Send one mail, and return when the server took it.

    Raises: see PostingBackend.send_and_wait.
    """
    backend = mailers.default
    if isinstance(backend, PostingBackend):
        backend.send_and_wait([mail])
    else:
        backend.send_messages([mail])


def check_may_go() -> None:
    """Raises: door.TransferRefused: under the purpose in force no mail may be sent."""
    from vasistas.guard.egress import door  # noqa: PLC0415 — the settings import this module, before models

    door.require(RECIPIENT, CARRIED)


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


def latest() -> list[Mail]:
    """Return the demo's mails, newest first."""
    return [_read(path) for path in sorted(_folder().glob("*.eml"), reverse=True)[:MAILS_KEPT_MAX]]


def get(name: str) -> Mail | None:
    """Return one mail of the demo; `name` comes from an address and names nothing outside the folder."""
    return next((_read(path) for path in _folder().glob("*.eml") if path.stem == name), None)


def _folder() -> Path:
    return Path(settings.DATA) / "demo-mail"


def _keep(mail: bytes, *, folder: Path, now_ns: int) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{now_ns:020d}-{secrets.token_hex(4)}.eml"
    unfinished = folder / f"{name}.part"
    unfinished.write_bytes(mail)
    unfinished.rename(folder / name)
    for path in sorted(folder.glob("*.eml"), reverse=True)[MAILS_KEPT_MAX:]:
        path.unlink(missing_ok=True)


def _read(path: Path) -> Mail:
    message: ParsedMessage = BytesParser(ParsedMessage, policy=email.policy.default).parsebytes(path.read_bytes())
    body = message.get_body(preferencelist=("plain",))
    return Mail(
        name=path.stem,
        at=datetime.fromtimestamp(int(path.stem.partition("-")[0]) / 1e9, tz=UTC),
        to=str(message["To"]),
        subject=str(message["Subject"]),
        text=body.get_content() if body else "",
    )


@register("accounts")
def check_mails_leave(app_configs: Any, **_kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001 — Django's signature
    """Warn an operator whose mails only reach the console."""
    if settings.DEMO or settings.MAILERS["default"]["BACKEND"] != "vasistas.apps.accounts.outbox.OutboxBackend":
        return []
    return [
        Warning(
            "Mails are printed to the console; nobody outside can verify an address.",
            hint="Set VASISTAS_SMTP_URL to smtp://user:password@host:587?tls=start.",
            id="accounts.W001",
        )
    ]
