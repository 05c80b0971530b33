"""The port over the sandbox's API."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec

from vasistas.payments.port import (
    Checkout,
    CheckoutUnknown,
    Hint,
    HintForged,
    Payment,
    PaymentError,
    ProviderRefused,
    ProviderUnreachable,
    RefundRefused,
    Started,
    StatementLine,
)
from vasistas.payments.sandbox import signing

TIMEOUT_S = 15.0
KEEPALIVE_S = 2.0  # shorter than the provider's 5 s: no request meets a connection that is just being closed
NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")  # of a payment or a saved card, as the sandbox makes them


class _Problem(msgspec.Struct):
    code: str = ""
    message: str = ""


_REFUSALS: Mapping[str, type[PaymentError]] = {
    CheckoutUnknown.code: CheckoutUnknown,
    RefundRefused.code: RefundRefused,
}


class SandboxPort:
    """Args: url: of the sandbox. key: shared with it. clock: unix seconds. May be used from many threads."""

    def __init__(self, *, url: str, key: bytes, name: str = "sandbox", clock: Callable[[], float] = time.time) -> None:
        self.name = name
        self._key = key
        self._clock = clock
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {signing.bearer(key)}"},
            timeout=TIMEOUT_S,
            trust_env=False,
            limits=httpx.Limits(keepalive_expiry=KEEPALIVE_S),
        )

    def start(self, checkout: Checkout) -> Started:
        answer = self._ask("POST", "/api/payments", content=msgspec.json.encode(checkout))
        return msgspec.json.decode(answer.content, type=Started)

    def read(self, provider_ref: str) -> Payment:
        return self._payment(self._ask("GET", _path(provider_ref)))

    def refund(self, provider_ref: str, *, amount_minor: int, key: str) -> Payment:
        asked = msgspec.json.encode({"amount_minor": amount_minor, "key": key})
        return self._payment(self._ask("POST", f"{_path(provider_ref)}/refunds", content=asked))

    def hint(self, headers: Mapping[str, str], body: bytes) -> Hint:
        said = {name.lower(): value for name, value in headers.items()}.get(signing.HEADER, "")
        if not signing.is_signed(said, body, key=self._key, now=self._clock()):
            raise HintForged
        try:
            return msgspec.json.decode(body, type=Hint)
        except msgspec.MsgspecError:
            raise HintForged from None

    def statement(self, since: float, until: float) -> list[StatementLine]:
        answer = self._ask("GET", "/api/statement", params={"since": repr(since), "until": repr(until)})
        return msgspec.json.decode(answer.content, type=list[StatementLine])

    def submit_evidence(self, provider_ref: str, document: bytes) -> None:
        self._ask("POST", f"{_path(provider_ref)}/evidence", content=document)

    def forget_method(self, token: str) -> None:
        if NAME.fullmatch(token):
            self._ask("DELETE", f"/api/methods/{token}")

    def close(self) -> None:
        """Close the idle connections."""
        self._http.close()

    def _payment(self, answer: httpx.Response) -> Payment:
        return msgspec.json.decode(answer.content, type=Payment)

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError:
            raise ProviderUnreachable from None
        if answer.is_success:
            return answer
        if answer.is_server_error:
            raise ProviderUnreachable
        raise _refusal(answer)


def _path(provider_ref: str) -> str:
    if NAME.fullmatch(provider_ref) is None:
        raise CheckoutUnknown("The payment provider does not know this payment. Begin a new one.")
    return f"/api/payments/{provider_ref}"


def _refusal(answer: httpx.Response) -> PaymentError:
    try:
        problem = msgspec.json.decode(answer.content, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem()
    if problem.code in _REFUSALS:
        return _REFUSALS[problem.code](problem.message)
    code = problem.code if problem.code.startswith("payments.") else None
    return ProviderRefused(problem.message or f"The payment provider refused ({answer.status_code}).", code=code)
