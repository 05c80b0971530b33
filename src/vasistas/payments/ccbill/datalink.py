"""CCBill's DataLink: how a sale stands, giving money back, and the movements of a day.

Source: CCBill API Guide (subscriptionManagement.cgi) and Data Link Extract System User Guide (main.cgi). CCBill's clock
is UTC-7 all year.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import httpx

from vasistas.payments.port import LineKind, ProviderRefused, ProviderUnreachable

TIMEOUT_S = 15.0
ANSWER_BYTES_MAX = 20_000_000
EXTRACT_S_MAX = 24 * 3600  # of one extract; and CCBill answers one each hour
MOUNTAIN = timezone(timedelta(hours=-7))
MOMENT = "%Y%m%d%H%M%S"
LEAF = re.compile(r"<(\w+)>([^<]*)</\1>")
DONE = "1"
UNCLEAR = {"-7", ""}  # an internal error, among other things: it may have been done
KINDS: Mapping[str, LineKind] = {
    "NEW": "payment",
    "REFUND": "refund",
    "VOID": "refund",
    "CHARGEBACK": "chargeback",
}
SUBSCRIPTION, AT, AMOUNT, AMOUNT_OF_NEW = 3, 4, 5, 17  # columns of a row; what else stands in it is thrown away


class Unclear(Exception):  # noqa: N818 — reads as a fact
    """CCBill did not say whether it was done."""


@dataclass(frozen=True)
class Account:
    """number: six digits. sub: four digits. user, password: of DataLink."""

    number: str
    sub: str
    user: str
    password: str


@dataclass(frozen=True)
class Standing:
    """How often CCBill gave money of a sale back, by kind."""

    refunds: int
    voids: int
    chargebacks: int


@dataclass(frozen=True)
class Movement:
    """amount_minor: never negative; the kind says which way. at: unix seconds."""

    kind: LineKind
    subscription: str
    amount_minor: int
    at: float


class DataLink:
    """Args: url: without a path. May be used from many threads."""

    def __init__(self, account: Account, *, url: str) -> None:
        self._account = account
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False)

    def standing(self, subscription: str) -> Standing:
        """Raises: ProviderUnreachable, ProviderRefused."""
        said = self._manage("viewSubscriptionStatus", subscription)
        if "subscriptionStatus" not in said:
            raise _refusal(said.get("results", ""))

        def count(name: str) -> int:
            return int(said.get(name) or 0) if (said.get(name) or "0").isdecimal() else 0

        taken_back = count("chargebacksIssued") + count("returnsIssued")
        return Standing(count("refundsIssued"), count("voidsIssued"), taken_back)

    def refund(self, subscription: str, amount_minor: int, *, is_all: bool) -> None:
        """Raises: Unclear: it may have been done. ProviderRefused: it was not."""
        action = "voidOrRefundTransaction" if is_all else "refundTransaction"  # a sale of today can only be voided
        amount = {} if is_all else {"amount": price(amount_minor)}
        try:
            result = self._manage(action, subscription, **amount).get("results", "")
        except ProviderUnreachable:
            raise Unclear from None
        if result in UNCLEAR:
            raise Unclear
        if result != DONE:
            raise _refusal(result)

    def movements(self, since: float, until: float) -> list[Movement]:
        """Raises: ProviderUnreachable, ProviderRefused."""
        if until - since > EXTRACT_S_MAX:
            raise ProviderRefused(
                "CCBill tells of 24 hours at once. Ask for one day.", code="payments.statement_too_long"
            )
        asked = {
            "startTime": datetime.fromtimestamp(since, MOUNTAIN).strftime(MOMENT),
            "endTime": datetime.fromtimestamp(until, MOUNTAIN).strftime(MOMENT),
            "transactionTypes": ",".join(KINDS),
            **self._credentials(),
        }
        text = self._asked("GET", "/data/main.cgi", params=asked).strip()
        if text.lower().startswith("error"):
            raise _key_refused() if "authentication" in text.lower() else _too_often()
        rows = (row for row in csv.reader(text.splitlines()) if len(row) > AMOUNT and row[0] in KINDS)
        return sorted((_movement(row) for row in rows), key=lambda one: one.at)

    def close(self) -> None:
        self._http.close()

    def _manage(self, action: str, subscription: str, **more: str) -> dict[str, str]:
        form = {
            **self._credentials(),
            "action": action,
            "subscriptionId": subscription,
            "returnXML": "1",
            **more,
        }
        text = self._asked("POST", "/utils/subscriptionManagement.cgi", data=form).strip()
        if "authentication failed" in text.lower():
            raise _key_refused()
        return dict(LEAF.findall(text)) or {"results": text.strip('"')}

    def _credentials(self) -> dict[str, str]:
        account = self._account
        return {
            "clientAccnum": account.number,
            "clientSubacc": account.sub,
            "username": account.user,
            "password": account.password,
        }

    def _asked(
        self, method: str, path: str, *, params: dict[str, str] | None = None, data: dict[str, str] | None = None
    ) -> str:
        try:
            answer = self._http.request(method, path, params=params, data=data)
        except httpx.HTTPError:
            raise ProviderUnreachable from None
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise _key_refused()
        if not answer.is_success or len(answer.content) > ANSWER_BYTES_MAX:
            raise ProviderUnreachable
        return answer.text


def price(amount_minor: int) -> str:
    """As CCBill writes amounts: 12.00."""
    return f"{amount_minor // 100}.{amount_minor % 100:02d}"


def minor(said: str) -> int | None:
    """Read an amount like 4.95, or None where it is none."""
    match = re.fullmatch(r"([0-9]{1,8})(?:\.([0-9]{1,2}))?", said.strip(), re.ASCII)
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")) if match else None


def _movement(row: list[str]) -> Movement:
    amount = minor(row[AMOUNT_OF_NEW] if row[0] == "NEW" and len(row) > AMOUNT_OF_NEW else row[AMOUNT].lstrip("-"))
    digits = re.sub(r"\D", "", row[AT])[: len("20260101000000")]
    try:
        at = datetime.strptime(digits, MOMENT).replace(tzinfo=MOUNTAIN).astimezone(UTC).timestamp()
    except ValueError:
        raise ProviderUnreachable from None  # not a row of DataLink
    if amount is None:
        raise ProviderUnreachable
    return Movement(KINDS[row[0]], row[SUBSCRIPTION], amount, at)


def _refusal(result: str) -> ProviderRefused | ProviderUnreachable:
    """CCBill API Guide, error codes."""
    if result in {"-1", "-8", "-9", "-10", "-11"}:
        return _key_refused()
    if result in UNCLEAR:
        return ProviderUnreachable()
    return ProviderRefused("CCBill refused. Look at the sale in its admin portal.")


def _key_refused() -> ProviderRefused:
    return ProviderRefused("CCBill refuses this site's DataLink user. Tell the operator.", code="payments.key")


def _too_often() -> ProviderRefused:
    return ProviderRefused("CCBill gives one extract an hour. Ask again later.", code="payments.too_often")
