"""A server that answers as Stripe does, on the paths its library asks: objects in Stripe's shapes, state in memory.

Shapes: https://docs.stripe.com/api, version 2026-10-28, cut to what matters here and a little more.
"""

import re
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = "sk_test_house"
SECRET = "whsec_house"
FEE_MINOR = 60
CURRENCIES = {"eur", "usd"}


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Read Stripe's forms: a[b][0]=c."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        first, *rest = re.findall(r"[^\[\]]+", name)
        inner, key = found, first
        for part in rest:
            inner, key = inner.setdefault(key, {}), part
        inner[key] = value
    return found


class Refused(Exception):  # noqa: N818 — refusals read as facts
    def __init__(self, code: str, param: str = "", status: int = 400) -> None:
        self.body = {"error": {"type": "invalid_request_error", "code": code, "param": param, "message": "No."}}
        self.status = status


@dataclass
class Stripe:
    """What Stripe keeps. asked: each request's method, path and Idempotency-Key."""

    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    disputes: dict[str, dict[str, Any]] = field(default_factory=dict)
    customers: set[str] = field(default_factory=set)
    balances: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, tuple[dict[str, Any], Any]] = field(default_factory=dict)
    files: list[bytes] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    is_away: bool = False

    def __post_init__(self) -> None:
        self._ids = count(1)

    # What people and banks do.

    def pay(self, session_id: str) -> None:
        session, number = self.sessions[session_id], next(self._ids)
        wanted = session["wanted"]
        if wanted.get("customer_creation") == "always":
            session["customer"] = f"cus_{number}"
            self.customers.add(session["customer"])
        charge = {
            "id": f"ch_{number}",
            "object": "charge",
            "amount": session["amount_total"],
            "amount_refunded": 0,
            "currency": session["currency"],
            "disputed": False,
            "payment_intent": f"pi_{number}",
            "balance_transaction": self._book("charge", session["amount_total"], FEE_MINOR, f"pi_{number}"),
        }
        self.intents[f"pi_{number}"] = {
            "id": f"pi_{number}",
            "object": "payment_intent",
            "status": "succeeded",
            "setup_future_usage": wanted.get("payment_intent_data", {}).get("setup_future_usage"),
            "latest_charge": charge,
            "payment_method": {
                "id": f"pm_{number}",
                "object": "payment_method",
                "type": "card",
                "card": {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034},
            },
        }
        session |= {"status": "complete", "payment_status": "paid", "payment_intent": f"pi_{number}"}

    def expire(self, session_id: str) -> None:
        self.sessions[session_id] |= {"status": "expired", "url": None}

    def dispute(self, session_id: str, status: str = "needs_response") -> str:
        intent_id = self.sessions[session_id]["payment_intent"]
        charge, number = self.intents[intent_id]["latest_charge"], next(self._ids)
        charge["disputed"] = True
        self.disputes[f"dp_{number}"] = {
            "id": f"dp_{number}",
            "object": "dispute",
            "amount": charge["amount"],
            "charge": charge["id"],
            "currency": charge["currency"],
            "created": int(time.time()),
            "payment_intent": intent_id,
            "reason": "fraudulent",
            "status": status,
            "evidence": {},
        }
        self._book("dispute", -charge["amount"], 1500, intent_id)
        return f"dp_{number}"

    def _book(self, category: str, amount: int, fee: int, intent_id: str) -> dict[str, Any]:
        balance = {
            "id": f"txn_{next(self._ids)}",
            "object": "balance_transaction",
            "amount": amount,
            "created": int(time.time()),
            "currency": "eur",
            "fee": fee,
            "net": amount - fee,
            "reporting_category": category,
            "type": "adjustment" if category == "dispute" else category,
        }
        kind = {"charge": "charge", "refund": "refund", "dispute": "dispute"}[category]
        source = {"id": f"{kind}_of_{balance['id']}", "object": kind, "payment_intent": intent_id}
        self.balances.insert(0, {**balance, "source": source})  # newest first, as Stripe lists
        return balance

    # What the library asks.

    def app(self) -> Starlette:
        def route(path: str, act: Any, *methods: str) -> Route:
            async def answer(request: Request) -> Response:
                form = await self._form(request)
                self.asked.append((request.method, request.url.path, request.headers.get("idempotency-key", "")))
                if self.is_away:
                    return Response(status_code=HTTPStatus.BAD_GATEWAY)
                if request.headers.get("authorization") != f"Bearer {KEY}":
                    refusal = {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}
                    return JSONResponse(refusal, HTTPStatus.UNAUTHORIZED)
                try:
                    return JSONResponse(self._once(request, form, act))
                except Refused as refused:
                    return JSONResponse(refused.body, refused.status)

            return Route(path, answer, methods=list(methods))

        return Starlette(
            routes=[
                route("/v1/checkout/sessions", self._sessions, "GET", "POST"),
                route("/v1/checkout/sessions/{id}", self._session, "GET"),
                route("/v1/refunds", self._refund, "GET", "POST"),
                route("/v1/disputes", self._disputes, "GET"),
                route("/v1/disputes/{id}", self._answer, "POST"),
                route("/v1/balance_transactions", self._balances, "GET"),
                route("/v1/customers/{id}", self._customer, "DELETE"),
                route("/v1/files", self._file, "POST"),
            ]
        )

    async def _form(self, request: Request) -> dict[str, Any]:
        body = await request.body()
        if request.headers.get("content-type", "").startswith("multipart/"):
            return {"file": body}
        return nested(parse_qsl(body.decode()) + parse_qsl(request.url.query))

    def _once(self, request: Request, form: dict[str, Any], act: Any) -> Any:
        key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
        if key in self.keys:
            asked, answer = self.keys[key]
            if asked != form:
                raise Refused("idempotency_key_in_use")
            return answer
        answer = act(request, form)
        if key:
            self.keys[key] = (form, answer)
        return answer

    def _sessions(self, request: Request, form: dict[str, Any]) -> Any:
        if request.method == "GET":
            wanted = form.get("payment_intent")
            found = [one for one in self.sessions.values() if wanted in {None, one["payment_intent"]}]
            return _list(found[::-1], "/v1/checkout/sessions")
        price = form["line_items"]["0"]["price_data"]
        if price.get("currency") not in CURRENCIES:
            raise Refused("parameter_invalid", "line_items[0][price_data][currency]")
        now = time.time()
        if not now + 1800 <= int(form.get("expires_at", now + 86_400)) <= now + 86_400:
            raise Refused("parameter_invalid", "expires_at")
        number = next(self._ids)
        session = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "amount_total": int(price["unit_amount"]) * int(form["line_items"]["0"]["quantity"]),
            "client_reference_id": form["client_reference_id"],
            "created": int(now),
            "currency": price["currency"],
            "customer": form.get("customer"),
            "livemode": False,
            "mode": form["mode"],
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
            "url": f"https://checkout.stripe.com/c/pay/cs_test_{number}",
            "wanted": form,
        }
        self.sessions[session["id"]] = session
        return session

    def _session(self, request: Request, _form: dict[str, Any]) -> Any:
        session = self.sessions.get(request.path_params["id"])
        if session is None:
            raise Refused("resource_missing", "session", 404)
        intent = self.intents.get(session["payment_intent"])
        return {**session, "payment_intent": intent}

    def _refund(self, request: Request, form: dict[str, Any]) -> Any:
        charge = self.intents[form["payment_intent"]]["latest_charge"]
        if request.method == "GET":
            return _list(charge.get("refunds", []), "/v1/refunds")
        amount = int(form["amount"])
        if amount > charge["amount"] - charge["amount_refunded"]:
            raise Refused("charge_already_refunded", "amount")
        charge["amount_refunded"] += amount
        self._book("refund", -amount, 0, form["payment_intent"])
        refund = {
            "id": f"re_{next(self._ids)}",
            "object": "refund",
            "amount": amount,
            "metadata": form["metadata"],
            "payment_intent": form["payment_intent"],
            "status": "succeeded",
        }
        charge.setdefault("refunds", []).insert(0, refund)
        return refund

    def _disputes(self, _request: Request, form: dict[str, Any]) -> Any:
        found = [one for one in self.disputes.values() if one["payment_intent"] == form["payment_intent"]]
        return _list(found, "/v1/disputes")

    def _answer(self, request: Request, form: dict[str, Any]) -> Any:
        dispute = self.disputes[request.path_params["id"]]
        dispute |= {"evidence": form["evidence"], "status": "under_review" if form["submit"] == "true" else "x"}
        return dispute

    def _balances(self, _request: Request, form: dict[str, Any]) -> Any:
        since, until = int(form["created"]["gte"]), int(form["created"]["lt"])
        found = [one for one in self.balances if since <= one["created"] < until]
        ids = [one["id"] for one in found]
        start = ids.index(form["starting_after"]) + 1 if "starting_after" in form else 0
        return _list(found[start : start + 2], "/v1/balance_transactions", has_more=start + 2 < len(found))

    def _customer(self, request: Request, _form: dict[str, Any]) -> Any:
        customer = request.path_params["id"]
        if customer not in self.customers:
            raise Refused("resource_missing", "customer", 404)
        self.customers.remove(customer)
        return {"id": customer, "object": "customer", "deleted": True}

    def _file(self, _request: Request, form: dict[str, Any]) -> Any:
        self.files.append(form["file"])
        return {"id": "file_1", "object": "file", "purpose": "dispute_evidence"}


def _list(found: list[Any], url: str, *, has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": found, "has_more": has_more, "url": url}
