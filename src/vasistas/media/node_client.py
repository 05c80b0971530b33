"""The port over HTTP: asks one media node, with short grants signed by the site (docs/apps/media.md has the wire)."""

import time
from collections.abc import Mapping
from typing import Any, Literal

import httpx
import msgspec

from vasistas.lib import grants
from vasistas.media.port import (
    ERRORS,
    Answer,
    EventBatch,
    MediaError,
    NodeStats,
    NodeUnreachable,
    SessionStats,
)

TIMEOUT_S = 5.0
KEEPALIVE_S = 2.0  # shorter than the node's 5 s: no request meets a connection that is just being closed
GRANT_TTL_S = 30  # a grant is used at once
EVENTS_WAIT_S_MAX = 25.0

type Act = Literal["publish", "play", "probe", "control"]


class _Problem(msgspec.Struct):
    code: str = ""
    message: str = ""


class NodeClient:
    """Args: url: the node's control address. key: shared with the node (`GRANT_KEY`). May be used from many threads."""

    def __init__(self, *, url: str, key: bytes) -> None:
        self._key = key
        self._http = httpx.Client(
            base_url=url,
            timeout=TIMEOUT_S,
            trust_env=False,
            limits=httpx.Limits(keepalive_expiry=KEEPALIVE_S),
        )

    def publish(self, *, room: str, session: str, offer: str, takeover: bool = False) -> Answer:
        return self._negotiate(
            "/whip", {"act": "publish", "room": room, "session": session, "takeover": takeover}, offer
        )

    def play(self, *, room: str, session: str, offer: str) -> Answer:
        return self._negotiate("/whep", {"act": "play", "room": room, "session": session}, offer)

    def probe(self, *, session: str, offer: str) -> Answer:
        return self._negotiate("/probe", {"act": "probe", "room": "", "session": session}, offer)

    def close_session(self, session: str) -> None:
        self._ask("DELETE", f"/sessions/{session}")

    def close_room(self, room: str) -> None:
        self._ask("DELETE", f"/rooms/{room}")

    def session_stats(self, session: str) -> SessionStats:
        return msgspec.json.decode(self._ask("GET", f"/sessions/{session}").content, type=SessionStats)

    def node_stats(self) -> NodeStats:
        return msgspec.json.decode(self._ask("GET", "/stats").content, type=NodeStats)

    def events(self, *, after: str, wait_s: float) -> EventBatch:
        wait_s = min(wait_s, EVENTS_WAIT_S_MAX)
        response = self._ask(
            "GET", "/events", params={"after": after, "wait_s": str(wait_s)}, timeout=wait_s + TIMEOUT_S
        )
        return msgspec.json.decode(response.content, type=EventBatch)

    def close(self) -> None:
        """Close the idle connections."""
        self._http.close()

    def _negotiate(self, path: str, claims: Mapping[str, object], offer: str) -> Answer:
        response = self._ask("POST", path, claims=claims, content=offer)
        return Answer(session=str(claims["session"]), sdp=response.text)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        claims: Mapping[str, object] | None = None,
        content: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        grant = grants.sign(
            claims or {"act": "control"}, audience="media", ttl_s=GRANT_TTL_S, key=self._key, now=time.time()
        )
        headers = {"Authorization": f"Bearer {grant}"}
        if content is not None:
            headers["Content-Type"] = "application/sdp"
        try:
            response = self._http.request(method, path, headers=headers, content=content, **options)
        except httpx.HTTPError:
            raise NodeUnreachable("The media server does not answer. Try again in a few seconds.") from None
        if response.is_success:
            return response
        raise _error(response)


def _error(response: httpx.Response) -> MediaError:
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem()
    if problem.code in ERRORS:
        return ERRORS[problem.code](problem.message, code=problem.code)
    return MediaError(f"The media server refused ({response.status_code} {problem.code or 'without a code'}).")
