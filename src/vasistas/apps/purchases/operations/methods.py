"""Saved ways to pay: forgotten here at once, and at the provider as soon as it answers."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.purchases import rules
from vasistas.apps.purchases.events import StaffNeeded
from vasistas.apps.purchases.models import SavedMethod, wait_after
from vasistas.apps.purchases.operations import provider
from vasistas.lib import events
from vasistas.lib.errors import DomainError, NotFound


def forget_method(*, subject_id: int, method_id: int, at: datetime) -> bool:
    """Offer it no more, and let the provider forget it; whether it did at once. Raises: NotFound."""
    mine = SavedMethod.objects.filter(subject=subject_id, pk=method_id, is_forgotten=False)
    if not mine.update(is_forgotten=True, tries=0, next_try_at=at):
        raise NotFound(_("There is no such saved method."))
    return run_forgetting(method_id=method_id, at=at)


def run_forgetting(*, method_id: int, at: datetime) -> bool:
    """Not in a transaction; may be repeated. Whether the provider has forgotten it, and the row is gone."""
    with transaction.atomic():
        due = SavedMethod.objects.select_for_update().filter(is_forgotten=True, next_try_at__lte=at)
        method = due.filter(pk=method_id).first()
        if method is None:
            return not SavedMethod.objects.filter(pk=method_id).exists()
        method.tries += 1
        is_last = method.tries >= rules.TRIES_MAX
        method.next_try_at = None if is_last else at + wait_after(method.tries)
        method.save(update_fields=["tries", "next_try_at"])
    try:
        provider.forget(method)
    except DomainError:
        if is_last:
            events.publish(StaffNeeded("method_not_forgotten"))
        return False
    SavedMethod.objects.filter(pk=method_id).delete()
    return True
