"""How the publisher and the viewers of the bench come into our node: WHIP and WHEP, with the node's own client."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from peers import node
from vasistas.media.node_client import NodeClient
from vasistas.media.synthetic.peer import Peer

ROOM = "1"

type Sections = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Door:
    """What a client needs to come in; made in one process, opened in another."""

    url: str
    key: bytes = node.KEY

    def open(self) -> "Entrance":
        return Entrance(self)


class Entrance:
    """Brings connections in, one after the other."""

    def __init__(self, door: Door) -> None:
        self._client = NodeClient(url=door.url, key=door.key)

    def publish(self, peer: Peer, sections: Sections) -> str:
        """Negotiate, and return the answer."""
        answer = self._client.publish(room=ROOM, session=secrets.token_hex(16), offer=peer.offer(sections)).sdp
        peer.accept(answer)
        return answer

    def play(self, peer: Peer, sections: Sections) -> None:
        """Negotiate."""
        peer.accept(self._client.play(room=ROOM, session=secrets.token_hex(16), offer=peer.offer(sections)).sdp)
