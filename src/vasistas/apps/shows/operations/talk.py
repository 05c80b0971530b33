"""What is said in a show: relayed to those who take part, and stored only if both sides chose to keep it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from vasistas.apps.accounts.models import Member
from vasistas.apps.shows import queries, rules
from vasistas.apps.shows.events import LineSaid
from vasistas.apps.shows.models import LINE_CHARS_MAX, TALKING, Line, Show, State
from vasistas.apps.shows.operations import rows
from vasistas.guard import subjects
from vasistas.lib import events, limits
from vasistas.lib.errors import NotAllowed

SAY_COUNT_MAX = 10  # lines of one person …
SAY_WINDOW_S = 10  # … within this time


def say(*, show: Show, author: Member, text: str, at: datetime) -> None:
    """Say something in a running show. It rests nowhere unless `show.keeps_chat`, and then sealed with one's own key.

    Raises: NotAllowed: not in it, or a spy. ShowRefused: over. TermsRefused: empty or too long. LimitReached.
    SubjectGone. Locks: the show. Publishes: LineSaid.
    """
    limits.hit("shows.say", str(author.pk), limit=SAY_COUNT_MAX, per_s=SAY_WINDOW_S, now=at.timestamp())
    words = " ".join(text.replace("\0", "").split())
    if not 0 < len(words) <= LINE_CHARS_MAX:
        raise rules.TermsRefused(_("Write 1 to %(max)d characters.") % {"max": LINE_CHARS_MAX}, code="shows.line")
    with transaction.atomic():
        locked = rows.lock(show)
        rows.require(locked.state == State.RUNNING, rows.over())
        seats = rows.seats_of(locked)
        seat = next((one for one in seats if one.subject_id == author.subject_id and one.left_at is None), None)
        if seat is None or seat.role not in TALKING:
            raise NotAllowed(_("You only watch here."), code="shows.only_watching")
        if locked.keeps_chat:
            subjects.hold(author.subject_id)
            Line.objects.create(show=locked, author_id=author.subject_id, text=words, said_at=at)
        ref, told = queries.ref_for(author, locked), queries.audience(seats, talking=True)
        events.publish(LineSaid(locked.key, ref, author.display_name, seat.role, words, at.timestamp(), told))
