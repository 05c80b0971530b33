"""Which way mails leave, as the environment says: each in a process of its own, as a site starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

KEYS = {"VASISTAS_MAIL_KEY": "key-of-ours"}


def told(
    tmp_path: Path, what: str = "settings.MAILERS['default']", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Start the settings; returns what they hold, or how they refuse."""
    code = f"from django.conf import settings; print({what})"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={
            **clean,
            "DJANGO_SETTINGS_MODULE": "vasistas.config.settings",
            "VASISTAS_DATA": str(tmp_path),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_provider_takes_the_place_of_smtp(tmp_path: Path) -> None:
    shown = told(tmp_path, VASISTAS_MAIL_PROVIDER="postmark", **KEYS).stdout

    assert "outbox.ProviderBackend" in shown
    assert "'server_token': 'key-of-ours'" in shown
    assert "'api_url': 'https://api.postmarkapp.com/'" in shown


def test_the_demo_speaks_to_its_own_server_whatever_is_set(tmp_path: Path) -> None:
    demo = {"VASISTAS_DEMO": "yes", "VASISTAS_MAIL_SINK_PORT": "8123"}

    shown = told(tmp_path, VASISTAS_MAIL_PROVIDER="postmark", **KEYS, **demo).stdout
    assert "outbox.PostingBackend" in shown
    assert "'host': '127.0.0.1', 'port': 8123" in shown

    assert "outbox.OutboxBackend" in told(tmp_path, VASISTAS_DEMO="yes").stdout  # a command beside the site


def test_outside_the_demo_no_port_makes_a_sink(tmp_path: Path) -> None:
    assert "outbox.OutboxBackend" in told(tmp_path, VASISTAS_MAIL_SINK_PORT="8123").stdout


def test_the_secret_of_its_messages_is_made_once(tmp_path: Path) -> None:
    what = "settings.MAIL_TRACKING['webhook_secret']"

    first, second = (told(tmp_path, what, VASISTAS_MAIL_PROVIDER="brevo", **KEYS).stdout for _ in range(2))

    assert first == second
    user, _, secret = first.strip().partition(":")
    assert user == "vasistas"
    assert len(secret) > 60


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"VASISTAS_MAIL_PROVIDER": "pigeon"}, "VASISTAS_MAIL_PROVIDER is 'pigeon'; set it to"),
        ({"VASISTAS_MAIL_PROVIDER": "brevo"}, "VASISTAS_MAIL_KEY is not set; VASISTAS_MAIL_PROVIDER asks for it."),
        ({"VASISTAS_MAIL_PROVIDER": "mailjet", **KEYS}, "VASISTAS_MAIL_KEY_SECOND is not set"),
        ({"VASISTAS_MAIL_PROVIDER": "mailgun", **KEYS}, "VASISTAS_MAIL_WEBHOOK_KEY is not set"),
        ({"VASISTAS_MAIL_PROVIDER": "postal", **KEYS}, "VASISTAS_MAIL_API_URL is ''"),
        (
            {"VASISTAS_MAIL_PROVIDER": "brevo", **KEYS, "VASISTAS_MAIL_API_URL": "http://mail.example/"},
            "set it to the https:// address of Brevo's API",
        ),
        ({"VASISTAS_MAIL_PROVIDER": "brevo", **KEYS, "VASISTAS_SMTP_URL": "smtp://mail.example"}, "are both set"),
        (
            {"VASISTAS_MAIL_PROVIDER": "brevo", **KEYS, "VASISTAS_MAIL_WEBHOOK_SECRET": "a@b" * 20},
            "make it of letters and digits",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_said(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    refused = told(tmp_path, **environment)

    assert refused.returncode == 1
    assert said in refused.stderr.strip().splitlines()[-1]
