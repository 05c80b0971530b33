"""Someone erases one category and keeps the account."""

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.privacy.operations.erasing import ROWS_AT_ONCE
from vasistas.guard import declarations, erasure, subjects
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError

# What an account can do without. The rest it needs while it lives (address, name, means of signing in, audit number),
# or it protects others (mutes, bans), or it is the host's side of a contract: that goes with the account.
ALONE = frozenset({"user.behaviour.following", "user.behaviour.viewing", "user.content.chat.public"})


class NeedsTheAccount(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    status = 409
    code = "privacy.needs_the_account"


def can_go_alone(category: str) -> bool:
    return category in ALONE


@processing("rights", reason="erasure of a category")
def erase_category(*, subject_id: int, category: str) -> dict[str, int]:
    """Delete every row of one person that holds something of a category; return how many went, by model.

    Lines of a chat go whole: those of others keep their numbers, and so their order.
    Raises: NeedsTheAccount. SubjectGone: all of it is being erased.   Locks: the fence, for each batch.
    """
    if not can_go_alone(category):
        raise NeedsTheAccount(_("This goes with the account alone. Erase the account."))
    gone: dict[str, int] = {}
    for step in erasure.plan():
        declaration = declarations.of(step.model)
        if declaration is None or category not in declaration.categories:
            continue
        while keys := list(step.rows(subject_id).values_list("pk", flat=True)[:ROWS_AT_ONCE]):
            with transaction.atomic():
                subjects.hold(subject_id)
                _count, by_model = step.model._base_manager.filter(pk__in=keys).delete()  # noqa: SLF001 — documented by Django
            for label, count in by_model.items():
                gone[label] = gone.get(label, 0) + count
    return gone
