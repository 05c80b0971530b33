"""A server that answers as CCBill's DataLink does, and what CCBill's webhooks and form would be.

Shapes: CCBill API Guide, Data Link Extract System User Guide, Webhooks User Guide.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.payments.servers import Clock
from vasistas.payments.ccbill.datalink import MOUNTAIN
from vasistas.payments.port import PEER, QUERY

ACCOUNT, SUB, SALT, SECRET = "900100", "0000", "salt-of-the-house", "secret-of-the-address"
USER, PASSWORD = "house", "password1"
PEER_ADDRESS = "64.38.240.17"


@dataclass
class Sale:
    subscription: str
    amount: str
    currency: str
    at: float
    refunds: list[str] = field(default_factory=list)
    voids: int = 0
    chargebacks: int = 0


@dataclass
class Ccbill:
    """What CCBill keeps. rows: of the extract. answer: said once instead of the next answer of the management script;
    is_done_anyway: though it is done.
    """

    clock: Clock
    sales: dict[str, Sale] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)
    answer: str = ""
    is_done_anyway: bool = False
    is_away: bool = False

    # What people and banks do.

    def pay(self, url: str) -> tuple[dict[str, str], bytes]:
        """Fill in the form at `url`; returns the webhook that CCBill sends."""
        asked = dict(parse_qsl(urlsplit(url).query))
        signed = asked["initialPrice"] + asked["initialPeriod"] + asked["currencyCode"] + SALT
        assert asked["formDigest"] == hashlib.md5(signed.encode()).hexdigest(), "CCBill shows an error page."
        number = f"01{len(self.sales):08d}"
        self.sales[number] = Sale(number, asked["initialPrice"], asked["currencyCode"], self.clock())
        self._row("NEW", number, *("x",) * 12, asked["initialPrice"])
        return self.webhook(
            "NewSaleSuccess",
            subscriptionId=number,
            transactionId=f"T{number}",
            billedInitialPrice=asked["initialPrice"],
            billedCurrencyCode=asked["currencyCode"],
            dynamicPricingValidationDigest=hashlib.md5(f"{number}1{SALT}".encode()).hexdigest(),
            firstName="V",
            **{"X-reference": asked["reference"], "X-seal": asked["seal"]},
        )

    def decline(self, url: str) -> tuple[dict[str, str], bytes]:
        asked = dict(parse_qsl(urlsplit(url).query))
        return self.webhook(
            "NewSaleFailure", transactionId="T0", failureCode="11", **{"X-reference": asked["reference"]}
        )

    def give_back(self, number: str, amount: str) -> tuple[dict[str, str], bytes]:
        """A refund by CCBill's own staff."""
        sale = self.sales[number]
        sale.refunds.append(amount)
        self._row("REFUND", number, amount)
        transaction = f"R{len(sale.refunds)}{number}"
        return self.webhook("Refund", subscriptionId=number, transactionId=transaction, amount=amount, currency="EUR")

    def charge_back(self, number: str) -> tuple[dict[str, str], bytes]:
        sale = self.sales[number]
        sale.chargebacks += 1
        self._row("CHARGEBACK", number, sale.amount)
        return self.webhook("Chargeback", subscriptionId=number, transactionId=f"C{number}", amount=sale.amount)

    def webhook(self, kind: str, **fields: str) -> tuple[dict[str, str], bytes]:
        """Return the headers, as the site's view gives them, and the body."""
        query = urlencode({"key": SECRET, "eventType": kind, "clientAccnum": ACCOUNT, "clientSubacc": SUB})
        headers = {"Content-Type": "application/x-www-form-urlencoded", QUERY: query, PEER: PEER_ADDRESS}
        return headers, urlencode({"clientAccnum": ACCOUNT, "clientSubacc": SUB, **fields}).encode()

    def _row(self, kind: str, number: str, *more: str) -> None:
        at = datetime.fromtimestamp(self.clock(), MOUNTAIN).strftime("%Y%m%d%H%M%S")
        self.rows.append([kind, ACCOUNT, SUB, number, at, *more])

    # What the adapter asks.

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/utils/subscriptionManagement.cgi", self._manage, methods=["POST"]),
                Route("/data/main.cgi", self._extract, methods=["GET"]),
            ]
        )

    async def _manage(self, request: Request) -> Response:
        asked = dict(parse_qsl((await request.body()).decode()))
        if self.is_away:
            return Response(status_code=HTTPStatus.BAD_GATEWAY)
        if (asked["clientAccnum"], asked["username"], asked["password"]) != (ACCOUNT, USER, PASSWORD):
            return _result("-1")
        sale = self.sales.get(asked["subscriptionId"])
        if sale is None:
            return _result("-3")
        if asked["action"] == "viewSubscriptionStatus":
            return _xml(
                f"<subscriptionStatus>1</subscriptionStatus><signupDate>20271115010203</signupDate>"
                f"<refundsIssued>{len(sale.refunds)}</refundsIssued><voidsIssued>{sale.voids}</voidsIssued>"
                f"<chargebacksIssued>{sale.chargebacks}</chargebacksIssued><returnsIssued>0</returnsIssued>"
                "<timesRebilled>0</timesRebilled><recurringSubscription>0</recurringSubscription>"
            )
        answer, self.answer = self.answer, ""
        if not answer or self.is_done_anyway:
            if asked["action"] == "voidOrRefundTransaction":
                sale.voids += 1
                self._row("VOID", sale.subscription, sale.amount)
            else:
                self.give_back(sale.subscription, asked["amount"])
        return _result(answer or "1")

    async def _extract(self, request: Request) -> Response:
        asked = request.query_params
        if asked["password"] != PASSWORD:
            return PlainTextResponse("Error:Authentication failed.\n")
        kinds = asked["transactionTypes"].split(",")
        found = [row for row in self.rows if row[0] in kinds and asked["startTime"] <= row[4] < asked["endTime"]]
        return PlainTextResponse("".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in found))


def _result(code: str) -> Response:
    return Response(f"<?xml version='1.0' standalone='yes'?>\n<results>{code}</results>\n", media_type="text/xml")


def _xml(leaves: str) -> Response:
    return Response(f"<?xml version='1.0' standalone='yes'?>\n<results>{leaves}</results>\n", media_type="text/xml")
