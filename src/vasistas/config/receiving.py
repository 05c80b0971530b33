"""The receiver of mails, where the settings give it a port. `vasistas serve`, `web` and `demo` run it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections
from django.utils import timezone

from vasistas.apps.bulletins.operations import receiving
from vasistas.config.failure import CommandFailed
from vasistas.inbound import Mail, Receiver


@contextmanager
def listening(bind: str) -> Iterator[None]:
    """Receive mails until the block ends. Raises: CommandFailed: the port cannot be opened."""
    receiver = Receiver(bind, settings.MAIL_IN_PORT, take, accepts=receiving.is_ours, name=settings.MAIL_IN_DOMAIN)
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
    try:
        receiving.take(mail, at=timezone.now())
    finally:
        connections.close_all()  # mails come seldom; none waits for a connection that went away
