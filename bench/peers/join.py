"""How a client connection enters a server: ours by WHIP and WHEP, Janus by its API. The connection itself is the same."""

from dataclasses import dataclass, field

import httpx

from peers import janus, node
from vasistas.media.synthetic import sdp
from vasistas.media.synthetic.peer import Peer, PeerFailed, make_certificate

CONNECT_S = 20.0
AUDIO_SSRC, VIDEO_SSRC, RTX_SSRC = 0x11110001, 0x22220001, 0x33330001
CERTIFICATE = make_certificate()


@dataclass
class NodeDoor:
    """Args: url: of the node's API. room: its name. key: the grants' key."""

    url: str
    room: str
    key: bytes
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=15, trust_env=False))

    def publish(self) -> Peer:
        return self._enter("whip", "publish", publisher_sections())

    def play(self) -> Peer:
        return self._enter("whep", "play", viewer_sections())

    def _enter(self, path: str, act: str, sections: list[tuple[str, str]]) -> Peer:
        peer = Peer(CERTIFICATE)
        try:
            headers = {
                "Authorization": f"Bearer {node.grant(act, self.room, key=self.key)}",
                "Content-Type": "application/sdp",
            }
            response = self.http.post(f"{self.url}/{path}", content=peer.offer(sections), headers=headers)
            if response.is_error:
                raise PeerFailed(f"The node refused: {response.status_code} {response.text[:120]}")
            peer.accept(response.text)
            peer.wait_connected(CONNECT_S)
        except BaseException:
            peer.close()
            raise
        return peer


class JanusDoor:
    def __init__(self, url: str) -> None:
        self._client = janus.Client(url)

    def publish(self) -> Peer:
        peer = Peer(CERTIFICATE)
        peer.accept(self._client.publish(peer.offer(publisher_sections())))
        peer.wait_connected(CONNECT_S)
        return peer

    def play(self) -> Peer:
        peer = Peer(CERTIFICATE)
        try:
            handle, offer = self._client.subscribe()
            self._client.start(handle, peer.answer(offer, _answering_sections(offer)))
            peer.wait_connected(CONNECT_S)
        except BaseException:
            peer.close()
            raise
        return peer


def publisher_sections() -> list[tuple[str, str]]:
    return [
        ("0", sdp.audio_section(direction="sendonly", ssrc=AUDIO_SSRC)),
        ("1", sdp.video_section(direction="sendonly", ssrc=VIDEO_SSRC, rtx_ssrc=RTX_SSRC)),
    ]


def viewer_sections() -> list[tuple[str, str]]:
    return [("0", sdp.audio_section(direction="recvonly")), ("1", sdp.video_section(direction="recvonly"))]


def _answering_sections(offer: str) -> list[tuple[str, str]]:
    """Return sections that take what the offer sends, with its mids, payload types and formats."""
    sections = []
    for section in sdp.media_sections(offer):
        mid = sdp.attribute(section, "mid") or ""
        dropped = ("a=ssrc", "a=sendonly", "a=candidate", "a=end-of", "a=ice", "a=fingerprint", "a=setup", "c=", "a=msid")
        lines = [line for line in section.splitlines() if line and not line.startswith(dropped)]
        sections.append((mid, "\r\n".join([*lines, "a=recvonly"]) + "\r\n"))
    return sections


def open_door(kind: str, url: str, room: str, key: str) -> NodeDoor | JanusDoor:
    """Return the door of a server. kind: node or janus."""
    return NodeDoor(url, room, key.encode()) if kind == "node" else JanusDoor(url)
