"""By whom a site sends SMS, told by its environment; each start is a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ASK = """
import django; django.setup()
from vasistas import sms
from vasistas.guard.egress import endpoints
hosts = {name: one.host for name, one in endpoints.configured().items() if name == "sms"}
print(sms.get_port().name if sms.is_on() else "none", hosts)
"""
TWILIO = {
    "VASISTAS_SMS_PROVIDER": "twilio",
    "VASISTAS_TWILIO_ACCOUNT": "AC1",
    "VASISTAS_TWILIO_TOKEN": "token",
    "VASISTAS_TWILIO_SENDER": "+352621000000",
}
PUBLIC = {"VASISTAS_PUBLIC_URL": "https://cams.example"}


def told(tmp_path: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}
    own |= {"VASISTAS_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "vasistas.config.settings", **environment}
    return subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False, env=own)


@pytest.mark.parametrize(
    ("environment", "answer"),
    [
        ({}, "none {}\n"),
        ({"VASISTAS_DEMO": "yes"}, "outbox {}\n"),
        ({"VASISTAS_SMS_PROVIDER": "outbox"}, "outbox {}\n"),
        ({**TWILIO, "VASISTAS_DEMO": "yes"}, "outbox {}\n"),
        ({**TWILIO, **PUBLIC}, "twilio {'sms': 'api.twilio.com'}\n"),
        ({**TWILIO, "VASISTAS_TWILIO_API_URL": "http://127.0.0.1:9"}, "twilio {'sms': '127.0.0.1'}\n"),
    ],
)
def test_the_environment_says_who_sends(tmp_path, environment, answer):
    done = told(tmp_path, environment)

    assert done.stdout == answer, done.stderr[-500:]


@pytest.mark.parametrize(
    ("environment", "fault"),
    [
        ({"VASISTAS_SMS_PROVIDER": "pigeon"}, "VASISTAS_SMS_PROVIDER is 'pigeon'"),
        ({"VASISTAS_SMS_PROVIDER": "outbox", **PUBLIC}, "sends nothing and shows each SMS to staff"),
        ({"VASISTAS_SMS_PROVIDER": "outbox", "VASISTAS_BIND": "0.0.0.0"}, "sends nothing and shows each SMS to staff"),
        ({**TWILIO, "VASISTAS_TWILIO_TOKEN": ""}, "VASISTAS_TWILIO_TOKEN is not set; VASISTAS_SMS_PROVIDER asks"),
        ({**TWILIO, "VASISTAS_TWILIO_API_URL": "http://sms.example"}, "VASISTAS_TWILIO_API_URL is not understood"),
    ],
)
def test_what_cannot_be_is_refused_with_its_remedy(tmp_path, environment, fault):
    done = told(tmp_path, environment)

    assert done.returncode == 1
    assert fault in done.stderr
