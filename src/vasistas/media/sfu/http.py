"""The node's control API (docs/apps/media.md): WHIP (RFC 9725) and WHEP, stats, events. Every act needs a grant."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from vasistas.lib import grants
from vasistas.lib.errors import DomainError
from vasistas.media.sfu import limits
from vasistas.media.sfu.node import Node

type Claims = dict[str, Any]
type Handler = Callable[[Node, Request, Claims], Awaitable[Response]]

SDP = "application/sdp"
NAME_CHARS_MAX = 128  # of a room or session


class BodyTooLarge(DomainError):  # noqa: N818 — refusals read as facts, see lib.errors
    status = 413
    code = "media.sdp_too_large"


class TypeUnsupported(DomainError):  # noqa: N818 — see above
    status = 415
    code = "media.type_unsupported"


def make_app(make_node: Callable[[], Node], *, key: bytes) -> Starlette:
    """Args: make_node: called in the running loop. key: shared with the site."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.node = node = make_node()
        sweeper = asyncio.create_task(node.sweep())
        yield
        sweeper.cancel()
        await node.stop()

    def guarded(handler: Handler, *acts: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            claims = grants.verify(_bearer(request), audience="media", key=key)
            own = claims.get("session") == request.path_params.get("session", "")
            if claims.get("act") not in acts and not (own and "own" in acts):
                raise grants.GrantRefused("This grant is for something else. Load the page again to get a new one.")
            return await handler(request.app.state.node, request, claims)

        return answer

    return Starlette(
        lifespan=lifespan,
        exception_handlers={DomainError: _refuse, ClientDisconnect: _gone},
        routes=[
            Route("/whip", guarded(_publish, "publish"), methods=["POST"]),
            Route("/whep", guarded(_play, "play"), methods=["POST"]),
            Route("/probe", guarded(_probe, "probe"), methods=["POST"]),
            Route("/sessions/{session}", guarded(_close_session, "control", "own"), methods=["DELETE"]),
            Route("/sessions/{session}", guarded(_session, "control", "own"), methods=["GET"]),
            Route("/rooms/{room}", guarded(_close_room, "control"), methods=["DELETE"]),
            Route("/stats", guarded(_stats, "control"), methods=["GET"]),
            Route("/events", guarded(_events, "control"), methods=["GET"]),
            Route("/livez", _livez, methods=["GET"]),
        ],
    )


def _bearer(request: Request) -> str:
    scheme, _, grant = request.headers.get("authorization", "").partition(" ")
    return grant.strip() if scheme.lower() == "bearer" else ""


async def _refuse(_request: Request, error: Exception) -> Response:
    if not isinstance(error, DomainError):
        raise error
    body = {"code": error.code, "message": error.message, "fields": error.fields}
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else None
    return Response(msgspec.json.encode(body), error.status, headers, "application/json")


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody reads it: the client died while it was sending


async def _offer(request: Request) -> str:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != SDP:
        raise TypeUnsupported(f"Send the offer with the content type {SDP}.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limits.SDP_BYTES_MAX:
            raise BodyTooLarge(f"The offer is larger than {limits.SDP_BYTES_MAX} bytes.")
    return body.decode(errors="replace")


def _created(session: str, answer: str) -> Response:
    return Response(answer, 201, {"Location": f"/sessions/{session}"}, SDP)


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _named(claims: Claims, name: str) -> str:
    value = claims.get(name)
    if (
        not isinstance(value, str)
        or not value
        or len(value) > NAME_CHARS_MAX
        or not value.isprintable()
        or "/" in value
    ):
        raise grants.GrantRefused(f"This grant names no {name}.")
    return value


async def _publish(node: Node, request: Request, claims: Claims) -> Response:
    session = _named(claims, "session")
    own = claims.get("limits") or {}
    answer = await node.publish(
        room=_named(claims, "room"),
        session=session,
        offer=await _offer(request),
        takeover=claims.get("takeover") is True,
        bitrate_bps=own.get("bitrate_bps") if isinstance(own, dict) else None,
    )
    return _created(session, answer)


async def _play(node: Node, request: Request, claims: Claims) -> Response:
    session = _named(claims, "session")
    answer = await node.play(room=_named(claims, "room"), session=session, offer=await _offer(request))
    return _created(session, answer)


async def _probe(node: Node, request: Request, claims: Claims) -> Response:
    session = _named(claims, "session")
    return _created(session, await node.probe(session=session, offer=await _offer(request)))


async def _close_session(node: Node, request: Request, claims: Claims) -> Response:
    node.close_session(request.path_params["session"], reason="kicked" if claims["act"] == "control" else "closed")
    return Response(status_code=204)


async def _session(node: Node, request: Request, _claims: Claims) -> Response:
    return _json(node.session_stats(request.path_params["session"]))


async def _close_room(node: Node, request: Request, _claims: Claims) -> Response:
    node.close_room(request.path_params["room"])
    return Response(status_code=204)


async def _stats(node: Node, _request: Request, _claims: Claims) -> Response:
    return _json(node.stats())


async def _events(node: Node, request: Request, _claims: Claims) -> Response:
    try:
        wait_s = float(request.query_params.get("wait_s", "0"))
    except ValueError:
        wait_s = 0.0
    return _json(await node.events.wait(request.query_params.get("after", "")[:64], max(0.0, wait_s)))


async def _livez(request: Request) -> Response:
    node: Node = request.app.state.node
    return PlainTextResponse("ok" if node.is_well() else "stuck", 200 if node.is_well() else 503)
