"""Someone arrives."""

import uuid
from datetime import datetime

from vasistas.apps.privacy.models import Subject


def create_subject(*, kind: Subject.Kind, at: datetime) -> Subject:
    """Open the row that every personal row of one new person leads to, with keys of their own and an audit number.

    Raises: RootKeyFault: no key can be made; nothing was written.
    """
    return Subject.objects.create(kind=kind, created_at=at, audit_id=str(uuid.uuid4()))
