"""Which payment providers are enabled, and the ports behind them; from the environment alone (docs/payments.md)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from vasistas.config import env
from vasistas.payments.port import PaymentPort

KNOWN = ("sandbox", "stripe", "ccbill")
STRIPE_CHECKOUT = "https://checkout.stripe.com"
STRIPE_API = "https://api.stripe.com"
STRIPE_FILES = "https://files.stripe.com"
CCBILL_FORMS = "https://api.ccbill.com/wap-frontflex/flexforms"
CCBILL_DATALINK = "https://datalink.ccbill.com"

type Accounts = Mapping[str, Mapping[str, Any]]


def enabled(*, is_private: bool) -> list[str]:
    """Return the providers in order.

    Args: is_private: nobody but this machine reaches the site, or it is a demo.

    Raises: ImproperlyConfigured: one is unknown; or the sandbox would sell credits for nothing to everyone.
    """
    names = env.words("PAYMENT_PROVIDERS", "sandbox" if is_private else "")
    for name in names:
        if name not in KNOWN or names.count(name) > 1:
            raise ImproperlyConfigured(
                f"VASISTAS_PAYMENT_PROVIDERS has {name!r}; name each of {', '.join(KNOWN)} once at most."
            )
    if "sandbox" in names and not is_private:
        raise ImproperlyConfigured(
            "VASISTAS_PAYMENT_PROVIDERS has 'sandbox', which moves no money, and the site is public: take it out, or "
            "use `vasistas demo`."
        )
    return names


def accounts(names: list[str], *, data: Path, sandbox_url: str) -> Accounts:
    """Return for each enabled provider what its port is made with, and where it is: `api` (asked by us) and `page`
    (where browsers go).

    Raises: ImproperlyConfigured: a key is missing.
    """
    made = {
        "sandbox": lambda: {
            "api": sandbox_url,
            "page": sandbox_url,
            "key": env.secret("SANDBOX_PAYMENTS_KEY", data=data),
        },
        "stripe": lambda: {
            "api": env.text("STRIPE_API_URL", STRIPE_API),
            "page": env.text("STRIPE_CHECKOUT_URL", STRIPE_CHECKOUT),
            "files": env.text("STRIPE_FILES_URL", STRIPE_FILES),
            "key": env.given("STRIPE_KEY"),
            "webhook_secret": env.given("STRIPE_WEBHOOK_SECRET"),
        },
        "ccbill": lambda: {
            "api": env.text("CCBILL_DATALINK_URL", CCBILL_DATALINK),
            "page": env.text("CCBILL_FORM_URL", CCBILL_FORMS),
            "account": env.given("CCBILL_ACCOUNT"),
            "sub": env.text("CCBILL_SUBACCOUNT", "0000"),
            "flex_id": env.given("CCBILL_FLEX_ID"),
            "salt": env.given("CCBILL_SALT"),
            "user": env.given("CCBILL_DATALINK_USER"),
            "password": env.given("CCBILL_DATALINK_PASSWORD"),
            "webhook_secret": env.given("CCBILL_WEBHOOK_SECRET"),
        },
    }
    return {name: made[name]() for name in names}


def pages(known: Accounts) -> list[str]:
    """The origins a form of ours may lead on to: a browser checks each redirect after it (CSP3 form-action)."""
    found = (urlsplit(one["page"]) for one in known.values())
    return list(dict.fromkeys(f"{parts.scheme}://{parts.netloc}" for parts in found))


def ports(known: Accounts, *, data: Path) -> dict[str, PaymentPort]:
    """Make the port of each provider. Its library is loaded only here."""
    makers = {"sandbox": _sandbox, "stripe": _stripe, "ccbill": _ccbill}
    return {name: makers[name](one, data) for name, one in known.items()}


def _sandbox(account: Mapping[str, Any], _data: Path) -> PaymentPort:
    from vasistas.payments.sandbox.client import SandboxPort  # noqa: PLC0415 — see ports

    return SandboxPort(url=account["api"], key=account["key"].encode())


def _stripe(account: Mapping[str, Any], _data: Path) -> PaymentPort:
    from vasistas.payments.stripe.client import StripePort  # noqa: PLC0415 — see ports

    return StripePort(
        key=account["key"],
        webhook_secret=account["webhook_secret"],
        api_url=account["api"],
        files_url=account["files"],
    )


def _ccbill(account: Mapping[str, Any], data: Path) -> PaymentPort:
    from vasistas.payments.ccbill.client import CcbillPort, Form  # noqa: PLC0415 — see ports
    from vasistas.payments.ccbill.datalink import Account, DataLink  # noqa: PLC0415 — see ports
    from vasistas.payments.ccbill.notes import Notes  # noqa: PLC0415 — see ports

    login = Account(account["account"], account["sub"], account["user"], account["password"])
    form = Form(account["page"], account["flex_id"], login.number, login.sub, account["salt"])
    return CcbillPort(
        form,
        DataLink(login, url=account["api"]),
        Notes(data / "payments" / "ccbill.sqlite3"),
        webhook_secret=account["webhook_secret"],
    )
