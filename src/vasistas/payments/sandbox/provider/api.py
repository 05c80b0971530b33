"""The API for the site: JSON, a bearer key. Its words are those of vasistas.payments.port."""

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vasistas.lib.errors import DomainError
from vasistas.payments.port import Checkout, Payment, Started
from vasistas.payments.sandbox import signing
from vasistas.payments.sandbox.provider.bank import EVIDENCE_BYTES_MAX, Bank
from vasistas.payments.sandbox.provider.tables import Row, Tables

BODY_BYTES_MAX = 20_000  # of all but evidence


class KeyRefused(DomainError):  # noqa: N818 — refusals read as facts, see lib.errors
    status = 401
    code = "payments.key_refused"


class BodyRefused(DomainError):  # noqa: N818 — see above
    code = "payments.body_refused"


class _Refund(msgspec.Struct):
    amount_minor: int
    key: str


class Api:
    """Args: key: shared with the site. url: where browsers find this provider."""

    def __init__(self, bank: Bank, tables: Tables, *, key: bytes, url: str) -> None:
        self._bank = bank
        self._tables = tables
        self._bearer = f"Bearer {signing.bearer(key)}".encode()
        self._url = url.rstrip("/")

    def routes(self) -> list[Route]:
        return [
            Route("/api/payments", self._guarded(self._start), methods=["POST"]),
            Route("/api/payments/{ref}", self._guarded(self._read), methods=["GET"]),
            Route("/api/payments/{ref}/refunds", self._guarded(self._refund), methods=["POST"]),
            Route("/api/payments/{ref}/evidence", self._guarded(self._evidence), methods=["POST"]),
            Route("/api/statement", self._guarded(self._statement), methods=["GET"]),
            Route("/api/methods/{token}", self._guarded(self._forget), methods=["DELETE"]),
        ]

    def _guarded(self, act: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                if not hmac.compare_digest(request.headers.get("authorization", "").encode(), self._bearer):
                    raise KeyRefused("This key is not the site's. Give both the same data folder.")
                return await act(request)
            except DomainError as error:
                return _json({"code": error.code, "message": error.message}, error.status)

        return answer

    async def _start(self, request: Request) -> Response:
        row = self._bank.open(_decoded(await body_of(request, BODY_BYTES_MAX), Checkout))
        return _json(Started(provider_ref=row.ref, url=f"{self._url}/pay/{row.ref}"), HTTPStatus.CREATED)

    async def _read(self, request: Request) -> Response:
        return self._as_payment(self._bank.get(request.path_params["ref"]))

    async def _refund(self, request: Request) -> Response:
        asked = _decoded(await body_of(request, BODY_BYTES_MAX), _Refund)
        row = self._bank.refund(request.path_params["ref"], amount_minor=asked.amount_minor, key=asked.key)
        return self._as_payment(row)

    async def _evidence(self, request: Request) -> Response:
        document = await body_of(request, EVIDENCE_BYTES_MAX)
        self._bank.take_evidence(request.path_params["ref"], document)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _statement(self, request: Request) -> Response:
        try:
            since, until = (float(request.query_params[name]) for name in ("since", "until"))
        except (KeyError, ValueError):
            raise BodyRefused("Give since and until in unix seconds.") from None
        return _json(self._bank.statement(since, until))

    async def _forget(self, request: Request) -> Response:
        self._bank.forget_method(request.path_params["token"])
        return Response(status_code=HTTPStatus.NO_CONTENT)

    def _as_payment(self, row: Row) -> Response:
        payment: Payment = self._tables.as_payment(row)
        return _json(payment)


async def body_of(request: Request, bytes_max: int) -> bytes:
    """Read no more than is taken. Raises: BodyRefused."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > bytes_max:
            raise BodyRefused(f"A body has {bytes_max} bytes at most. Send less.")
    return bytes(body)


def _decoded[T](body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError:
        raise BodyRefused("This is not the JSON that is expected here. See docs/payments.md.") from None


def _json(value: Any, status: int = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
