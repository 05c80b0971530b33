"""What runs by the clock."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from vasistas.apps.accounts import outbox
from vasistas.apps.support import operations

READ_EVERY_S = SEND_EVERY_S = 2.0  # a mail is a conversation no later than this after it was acknowledged
PROBE_EVERY_S = 3600.0
PROBE_FIRST_S = 20.0
READERS = 3  # threads that read, where a database has many writers: most of reading a mail is waiting for disks
BATCHES_MAX = 200  # of one run

logger = logging.getLogger(__name__)


def read(_at: datetime) -> None:
    """Read what came in."""
    if connection.vendor != "postgresql":
        _read()
        return
    with ThreadPoolExecutor(READERS, thread_name_prefix="support.read") as readers:
        for done in [readers.submit(_read) for _reader in range(READERS)]:
            done.result()


def send(at: datetime) -> None:
    """Send answers that wait. Apart from reading: neither waits for the other."""
    operations.send_due(at)


def _read() -> None:
    close_old_connections()
    try:
        for _batch in range(BATCHES_MAX):
            if not operations.take_in(timezone.now()):
                break
    finally:
        close_old_connections()


def probe(at: datetime) -> None:
    """Write to ourselves, where mails leave and come in."""
    if not settings.MAIL_COMES_IN:
        return
    try:
        operations.probe(at)
    except (OSError, outbox.MailRefused) as error:  # the check of clause 10 tells that it did not arrive
        logger.warning("support.probe_not_sent error=%s", type(error).__name__)
