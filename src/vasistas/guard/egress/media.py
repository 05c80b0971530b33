"""The media port behind the door: what a browser offers tells its network addresses, and goes to the media node."""

from vasistas.guard import purposes
from vasistas.guard.egress import door, endpoints
from vasistas.media.port import Answer, EventBatch, MediaPort, NodeStats, SessionStats

RECIPIENT = "media"
OFFERED = frozenset({"user.device"})


class MediaBehindDoor:
    """A media port that lets an offer pass only to a declared node, and notes it where the node is another machine.

    Calls without an offer carry opaque ids of rooms and sessions alone, and pass as they are.
    """

    def __init__(self, port: MediaPort) -> None:
        self._port = port
        self._is_ours = endpoints.is_on_this_machine(RECIPIENT)

    def publish(self, *, room: str, session: str, offer: str, takeover: bool = False) -> Answer:
        self._pass()
        return self._port.publish(room=room, session=session, offer=offer, takeover=takeover)

    def play(self, *, room: str, session: str, offer: str) -> Answer:
        self._pass()
        return self._port.play(room=room, session=session, offer=offer)

    def probe(self, *, session: str, offer: str) -> Answer:
        self._pass()
        return self._port.probe(session=session, offer=offer)

    def close_session(self, session: str) -> None:
        self._port.close_session(session)

    def close_room(self, room: str) -> None:
        self._port.close_room(room)

    def session_stats(self, session: str) -> SessionStats:
        return self._port.session_stats(session)

    def node_stats(self) -> NodeStats:
        return self._port.node_stats()

    def events(self, *, after: str, wait_s: float) -> EventBatch:
        return self._port.events(after=after, wait_s=wait_s)

    def _pass(self) -> None:
        frame = door.require(RECIPIENT, OFFERED)
        if not self._is_ours:
            door.hand_over(RECIPIENT, OFFERED, [_asking(frame)])


def _asking(frame: purposes.Frame) -> int | None:
    """Whose browser offers: the actor's; nobody's, for a visitor and a broadcast by stream key."""
    return frame.scope.actor().subject_id
