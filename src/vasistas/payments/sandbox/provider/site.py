"""The sandbox's pages: the checkout, the bank's question, the merchant's page. No session, no cookie, no script."""

import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from vasistas.lib.errors import DomainError
from vasistas.payments.port import ProviderRefused
from vasistas.payments.sandbox.provider import markup
from vasistas.payments.sandbox.provider.api import body_of
from vasistas.payments.sandbox.provider.bank import Bank
from vasistas.payments.sandbox.provider.tables import Row, Tables

FORM_BYTES_MAX = 2_000
AMOUNT = re.compile(r"([0-9]{1,7})(?:\.([0-9]{2}))?", re.ASCII)

type Act = Callable[[Request], Awaitable[Response]]


class OtherOrigin(DomainError):  # noqa: N818 — refusals read as facts, see lib.errors
    status = 403
    code = "payments.other_origin"


@dataclass(frozen=True)
class Merchant:
    """Whose payments they are. name: as shown. url: of the site."""

    name: str
    url: str


class Site:
    def __init__(self, bank: Bank, tables: Tables, merchant: Merchant) -> None:
        self._bank = bank
        self._tables = tables
        self._merchant = merchant

    def routes(self) -> list[Route]:
        def route(path: str, act: Act, method: str) -> Route:
            return Route(path, _answering(act), methods=[method])

        return [
            route("/", self._home, "GET"),
            route("/dashboard/", self._dashboard, "GET"),
            route("/dashboard/{ref}/{act}", self._act, "POST"),
            route("/pay/{ref}", self._show, "GET"),
            route("/pay/{ref}", self._pay, "POST"),
            route("/pay/{ref}/challenge", self._ask, "GET"),
            route("/pay/{ref}/challenge", self._answer, "POST"),
            route("/pay/{ref}/cancel", self._cancel, "POST"),
        ]

    async def _home(self, _request: Request) -> Response:
        return RedirectResponse("/dashboard/", HTTPStatus.SEE_OTHER)

    async def _show(self, request: Request) -> Response:
        row = self._bank.get(request.path_params["ref"])
        if row.state != "open" or row.settles_at is not None:
            return self._over(row)
        saved = self._tables.method(row.offered)
        return _page(markup.checkout(row, site=self._merchant.name, saved=saved), leads_to=row)

    async def _pay(self, request: Request) -> Response:
        row = self._bank.choose(request.path_params["ref"], (await _form(request)).get("card", ""))
        if row.state == "failed":
            return self._over(row)
        if row.state == "open" and row.card == "challenge":
            return RedirectResponse(f"/pay/{row.ref}/challenge", HTTPStatus.SEE_OTHER)
        return RedirectResponse(row.return_url, HTTPStatus.SEE_OTHER)

    async def _ask(self, request: Request) -> Response:
        row = self._bank.get(request.path_params["ref"])
        if row.state != "open" or row.card != "challenge":
            return self._over(row)
        return _page(markup.challenge(row, site=self._merchant.name), leads_to=row)

    async def _answer(self, request: Request) -> Response:
        is_approved = (await _form(request)).get("answer") == "yes"
        row = self._bank.answer_challenge(request.path_params["ref"], is_approved=is_approved)
        return RedirectResponse(row.return_url, HTTPStatus.SEE_OTHER) if is_approved else self._over(row)

    async def _cancel(self, request: Request) -> Response:
        row = self._bank.cancel(request.path_params["ref"])
        return RedirectResponse(row.cancel_url, HTTPStatus.SEE_OTHER)

    async def _dashboard(self, _request: Request) -> Response:
        rows = self._bank.latest()
        evidence = {row.ref: self._bank.evidence_of(row.ref) for row in rows if row.dispute}
        return _page(markup.merchant(rows, site=self._merchant.name, site_url=self._merchant.url, evidence=evidence))

    async def _act(self, request: Request) -> Response:
        ref, act = request.path_params["ref"], request.path_params["act"]
        form = await _form(request)
        if act == "refund":
            self._bank.refund(ref, amount_minor=_amount(form.get("amount", "")), key=secrets.token_urlsafe(18))
        elif act == "dispute":
            self._bank.dispute(ref)
        elif act in {"won", "lost"}:
            self._bank.end_dispute(ref, is_won=act == "won")
        elif act == "resend":
            self._bank.tell_again(ref)
        else:
            raise ProviderRefused("There is no such act. Go back to the list of payments.")
        return RedirectResponse("/dashboard/", HTTPStatus.SEE_OTHER)

    def _over(self, row: Row) -> Response:
        return _page(markup.over(row, site=self._merchant.name))


def _answering(act: Act) -> Act:
    async def answer(request: Request) -> Response:
        try:
            _require_own_form(request)
            return await act(request)
        except DomainError as error:
            return _page(markup.refused(error.message), status=error.status)

    return answer


def _require_own_form(request: Request) -> None:
    """Refuse forms of other sites: a page somebody visits beside this one must not press buttons here."""
    if request.method != "POST":
        return
    origin = request.headers.get("origin")
    is_own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not is_own or request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise OtherOrigin("This form was sent by another site. Open the page here and press again.")


def _page(text: str, *, leads_to: Row | None = None, status: int = HTTPStatus.OK) -> Response:
    """Args: leads_to: the browser may be sent on to this payment's addresses after a form (CSP3 form-action)."""
    origins = {_origin(url) for url in (leads_to.return_url, leads_to.cancel_url)} if leads_to else set()
    policy = "; ".join(
        [
            *("default-src 'none'", "style-src 'self'", "font-src 'self'", "img-src 'self' data:"),
            *("base-uri 'none'", "frame-ancestors 'none'"),
            " ".join(["form-action 'self'", *sorted(origins)]),
        ]
    )
    return HTMLResponse(text, status, {"Content-Security-Policy": policy})


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def _form(request: Request) -> dict[str, str]:
    body = await body_of(request, FORM_BYTES_MAX)
    return {name: values[0] for name, values in parse_qs(body.decode(errors="replace"), max_num_fields=10).items()}


def _amount(said: str) -> int:
    match = AMOUNT.fullmatch(said.strip())
    if match is None:
        raise ProviderRefused("This is no amount. Write it like 12.50.")
    return int(match[1]) * 100 + int(match[2] or 0)
