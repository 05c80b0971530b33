"""Sealed text: opened for a purpose that allows it, where it was sealed, with the key it was sealed with."""

import pytest
from django.db import connection
from django.utils import timezone

from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import Subject

pytestmark = pytest.mark.django_db


def stored(subject: Subject) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_id FROM privacy_subject WHERE id = %s", [subject.pk])
        return bytes(cursor.fetchone()[0])


def test_the_database_holds_ciphertext_and_the_attribute_text() -> None:
    subject = operations.create_subject(kind=Subject.Kind.MEMBER, at=timezone.now())

    number = subject.audit_id

    assert number.encode() not in stored(subject)
    assert Subject.objects.get(pk=subject.pk).audit_id == number
