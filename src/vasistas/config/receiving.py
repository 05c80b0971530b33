"""The ways by which mails come in: our receiver, where the settings give it a port (`vasistas serve`, `web` and `demo`
run it), and a mailbox elsewhere, which the worker asks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from vasistas.apps.support.models import MAIL_BYTES_MAX
from vasistas.config.failure import CommandFailed
from vasistas.inbound import Mail, Receiver, imap
from vasistas.pages import mail_in

POLL_EVERY_S = 60.0


@contextmanager
def listening(bind: str) -> Iterator[None]:
    """Receive mails until the block ends. Raises: CommandFailed: the port cannot be opened."""
    name, port = settings.MAIL_IN_DOMAIN, settings.MAIL_IN_PORT
    receiver = Receiver(bind, port, take, accepts=mail_in.is_ours, name=name, size_max=MAIL_BYTES_MAX)
    try:
        receiver.start()
    except OSError as failure:
        receiver.stop()
        raise CommandFailed(
            f"TCP port {settings.MAIL_IN_PORT} for mails cannot be opened: {failure.strerror}. "
            "Choose another with VASISTAS_MAIL_IN_PORT."
        ) from None
    try:
        yield
    finally:
        receiver.stop()


def take(mail: Mail) -> None:
    """Deal with one mail, in the thread of the receiver. Raises: Refused."""
    close_old_connections()
    try:
        mail_in.take(mail, timezone.now())
    finally:
        close_old_connections()


def poll(_at: datetime) -> None:
    """Fetch what waits in the mailbox of the settings; each mail goes there once it is stored here.

    Raises: OSError, imaplib.IMAP4.error.
    """
    if settings.MAIL_IN_IMAP is not None:
        imap.fetch(settings.MAIL_IN_IMAP, _take_fetched, bytes_max=MAIL_BYTES_MAX)


def _take_fetched(raw: bytes) -> None:
    mail_in.take_raw(raw, timezone.now())
