"""Subjects: one fence per person."""

from datetime import UTC, datetime

import pytest

from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import Subject

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_create_subject_opens_an_active_fence_with_an_id_of_its_own():
    one = operations.create_subject(kind=Subject.Kind.MEMBER, at=AT)
    other = operations.create_subject(kind=Subject.Kind.VISITOR, at=AT)

    assert (one.kind, one.state, one.created_at) == ("member", "active", AT)
    assert one.audit_id != other.audit_id
    assert str(one) == f"subject {one.pk}"


def test_subject_is_not_to_be_inherited():
    with pytest.raises(TypeError, match="the one fence"):
        type("Ghost", (Subject,), {"__module__": "vasistas.apps.privacy.models"})
