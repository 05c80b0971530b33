"""Cam to cam: whoever pays may show their own camera, and the host alone sees it. Decided here and nowhere else.

The camera goes into a room of its own on the node, whose name is random and known to nobody but the site.
"""

import contextlib
from collections.abc import Callable

from django.utils.translation import gettext as _

from vasistas import media
from vasistas.apps.accounts.models import Member
from vasistas.apps.shows import queries
from vasistas.apps.shows.models import Role, Show, State
from vasistas.apps.shows.rules import ShowNotFound
from vasistas.media.port import Answer, MediaError, SessionUnknown


def publish_cam(*, show: Show, viewer: Member, session: str, offer: str) -> Answer:
    """Let the payer's camera in; it takes over from an earlier page of theirs.

    Raises: ShowNotFound: not the payer, not running, or not agreed. All of `MediaPort.publish`.
    """
    _check(show, is_theirs=may_publish(show, viewer))
    port = media.get_port()
    return _opened(show, lambda: port.publish(room=show.cam, session=session, offer=offer, takeover=True))


def watch_cam(*, show: Show, host: Member, session: str, offer: str) -> Answer:
    """Show the payer's camera to the host. Raises: ShowNotFound: another, or not running. All of `MediaPort.play`."""
    _check(show, is_theirs=may_play(show, host))
    port = media.get_port()
    return _opened(show, lambda: port.play(room=show.cam, session=session, offer=offer))


def close_cam(*, show: Show, member: Member, session: str) -> None:
    """End one's own camera, or one's look at it. A repeat does nothing; another room's session is not touched."""
    _check(show, is_theirs=queries.is_host(member, show) or queries.seat_of(show, member) is not None)
    try:
        stats = media.get_port().session_stats(session)
    except SessionUnknown:
        return
    is_own = stats.kind == ("viewer" if queries.is_host(member, show) else "publisher")
    if stats.room == show.cam and is_own:
        media.get_port().close_session(session)


def may_publish(show: Show, member: Member) -> bool:
    seat = queries.seat_of(show, member)
    return show.allows_cam and seat is not None and seat.role == Role.PAYER and seat.left_at is None


def may_play(show: Show, member: Member) -> bool:
    return show.allows_cam and queries.is_host(member, show)


def _check(show: Show, *, is_theirs: bool) -> None:
    if not is_theirs or not _is_running(show):
        raise ShowNotFound(_("There is no such show."))


def _opened(show: Show, open_: Callable[[], Answer]) -> Answer:
    """Open a session, and close it again if the show ended meanwhile: its end closed the room before."""
    answer = open_()
    if _is_running(show):
        return answer
    with contextlib.suppress(MediaError):
        media.get_port().close_room(show.cam)
    raise ShowNotFound(_("There is no such show."))


def _is_running(show: Show) -> bool:
    return Show.objects.filter(pk=show.pk, state=State.RUNNING).exists()
