"""Which providers a site has, told by its environment; each start is a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from vasistas.config import payments

STRIPE = {"VASISTAS_STRIPE_KEY": "rk_test_1", "VASISTAS_STRIPE_WEBHOOK_SECRET": "whsec_1"}
CCBILL = {
    f"VASISTAS_CCBILL_{name}": value
    for name, value in {
        "ACCOUNT": "900100",
        "FLEX_ID": "f1e2",
        "SALT": "salt",
        "DATALINK_USER": "house",
        "DATALINK_PASSWORD": "password1",
        "WEBHOOK_SECRET": "secret",
    }.items()
}
ASK = """
import django; django.setup()
from django.conf import settings
from vasistas import payments
from vasistas.guard.egress import endpoints
ours = ("payments", "stripe", "ccbill")
hosts = {name: one.host for name, one in endpoints.configured().items() if name in ours}
print(payments.names(), hosts, settings.SECURE_CSP["form-action"][1:])
"""


def told(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}
    own |= {"VASISTAS_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "vasistas.config.settings", **environment}
    return subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False, env=own)


def test_a_fresh_clone_has_the_sandbox(tmp_path: Path):
    done = told(tmp_path)

    assert done.stdout == "['sandbox'] {'payments': '127.0.0.1'} ['http://127.0.0.1:8003']\n"
    key = tmp_path / "secrets" / "sandbox_payments_key"
    assert len(key.read_text()) >= 32
    assert key.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("public", [{"VASISTAS_PUBLIC_URL": "https://cams.example"}, {"VASISTAS_BIND": "0.0.0.0"}])
def test_a_public_site_sells_nothing_for_nothing(tmp_path: Path, public: dict[str, str]):
    assert told(tmp_path, **public).stdout == "[] {} []\n"
    assert not (tmp_path / "secrets" / "sandbox_payments_key").exists()

    refused = told(tmp_path, VASISTAS_PAYMENT_PROVIDERS="sandbox", **public)
    assert "moves no money, and the site is public" in refused.stderr
    demo = told(tmp_path, VASISTAS_PAYMENT_PROVIDERS="sandbox", VASISTAS_DEMO="yes", **public)
    assert demo.stdout.startswith("['sandbox']")


def test_several_in_order_with_their_hosts_and_pages(tmp_path: Path):
    done = told(tmp_path, VASISTAS_PAYMENT_PROVIDERS="ccbill,stripe", **STRIPE, **CCBILL)

    assert done.stdout == (
        "['ccbill', 'stripe'] {'ccbill': 'datalink.ccbill.com', 'stripe': 'api.stripe.com'} "
        "['https://api.ccbill.com', 'https://checkout.stripe.com']\n"
    )
    assert (tmp_path / "payments" / "ccbill.sqlite3").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("missing", [*STRIPE, *CCBILL])
def test_a_missing_key_is_named(tmp_path: Path, monkeypatch, missing: str):
    for name, value in {**STRIPE, **CCBILL, missing: " "}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured, match=f"{missing} is not set"):
        payments.accounts(["stripe", "ccbill"], data=tmp_path, sandbox_url="http://127.0.0.1:8003")


def test_a_key_may_stand_in_a_file(tmp_path: Path, monkeypatch):
    (tmp_path / "key").write_text("rk_of_the_file\n")
    monkeypatch.setenv("VASISTAS_STRIPE_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("VASISTAS_STRIPE_WEBHOOK_SECRET", "whsec_1")

    made = payments.accounts(["stripe"], data=tmp_path, sandbox_url="")
    assert made["stripe"]["key"] == "rk_of_the_file"
    monkeypatch.setenv("VASISTAS_STRIPE_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(ImproperlyConfigured, match="names no file"):
        payments.accounts(["stripe"], data=tmp_path, sandbox_url="")


@pytest.mark.parametrize("names", ["paypal", "stripe,stripe", "Sandbox"])
def test_unknown_and_repeated_names_are_refused(monkeypatch, names: str):
    monkeypatch.setenv("VASISTAS_PAYMENT_PROVIDERS", names)

    with pytest.raises(ImproperlyConfigured, match="once at most"):
        payments.enabled(is_private=True)
