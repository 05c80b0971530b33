"""A model that only tests have: two sealed fields in one row, and one that may be missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models
from django.test.utils import isolate_apps
from django.utils import timezone

from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import Subject
from vasistas.guard import declarations
from vasistas.guard.declarations import derived, not_personal, sealed
from vasistas.guard.sealed import SealedRow, SealedText
from vasistas.guard.sealed_bytes import SealedBytes

with isolate_apps("vasistas.apps.privacy"):

    class Letter(SealedRow):
        subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="+")
        title = SealedText(key_class="communications", chars_max=2_000, blank=True)
        body = SealedText(key_class="communications", chars_max=2_000, blank=True)
        note = SealedText(key_class="support", chars_max=2_000, null=True)
        scan = SealedBytes(key_class="support", bytes_max=2_000, blank=True)

        class Meta:
            app_label = "privacy"


LABEL = "privacy.Letter"


def _chat() -> declarations.Sealed:
    return sealed("user.content.chat.public", keep="room_chat", key_class="communications")


@contextmanager
def letters() -> Iterator[type[Letter]]:
    """Declare the model and make its table, until the test's transaction is rolled back."""
    declarations.declare(
        LABEL,
        "subject",
        row_key=not_personal("random"),
        subject=derived("the path to the person"),
        title=_chat(),
        body=_chat(),
        note=sealed("user.contact.email", keep="account_life", key_class="support"),
        scan=sealed("user.contact.email", keep="account_life", key_class="support"),
    )
    editor = connection.schema_editor()  # not entered: SQLite's does not stand in a transaction
    editor.deferred_sql = []
    text, parameters = editor.table_sql(Letter)
    try:
        with connection.cursor() as cursor:
            cursor.execute(text, parameters or None)
        yield Letter
    finally:
        declarations._declarations.pop(LABEL)
        declarations.personal_columns.cache_clear()
        declarations.sealed_columns.cache_clear()


def make_subject() -> Subject:
    return operations.create_subject(kind=Subject.Kind.MEMBER, at=timezone.now())
