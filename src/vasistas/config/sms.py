"""By whom SMS leave, from the environment alone: Twilio, the embedded outbox on a private site, or nobody."""

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from vasistas.config import env
from vasistas.lib.loopback import is_loopback
from vasistas.sms.port import SmsPort

FOR = "VASISTAS_SMS_PROVIDER"
DOCS = "docs/sms.md"
TWILIO_API = "https://api.twilio.com"


def provider(*, is_demo: bool, is_private: bool) -> str:
    """Return the name of the provider, or "": this site sends no SMS. The demo has the outbox.

    Args: is_private: nobody but this machine reaches the site, or it is a demo.

    Raises: ImproperlyConfigured: it is unknown, or the outbox would keep the public's numbers and send nothing.
    """
    name = "outbox" if is_demo else env.one_of("SMS_PROVIDER", "", ("", "outbox", "twilio"))
    if name == "outbox" and not is_private:
        raise ImproperlyConfigured(
            "VASISTAS_SMS_PROVIDER is 'outbox', which sends nothing and shows each SMS to staff, and the site is "
            "public: take it out, or use `vasistas demo`."
        )
    return name


def account(name: str, *, public_url: str) -> Mapping[str, Any]:
    """Return what the port is made with; `api`: where it is asked, if anywhere.

    Raises: ImproperlyConfigured: a key is missing, or an address not understood.
    """
    if name != "twilio":
        return {}
    api = env.text("TWILIO_API_URL", TWILIO_API)
    parts = urlsplit(api)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))):
        raise ImproperlyConfigured("VASISTAS_TWILIO_API_URL is not understood; set it to an https:// address.")
    return {
        "api": api.rstrip("/"),
        "account": env.given("TWILIO_ACCOUNT", for_=FOR, see=DOCS),
        "token": env.given("TWILIO_TOKEN", for_=FOR, see=DOCS),
        "sender": env.given("TWILIO_SENDER", for_=FOR, see=DOCS),
        "status_url": f"{public_url}/sms/twilio/status/" if public_url.startswith("https://") else "",
    }


def port(name: str, known: Mapping[str, Any], *, data: Path, secret: str) -> SmsPort | None:
    """Make the port. Twilio's library is loaded only here.

    Args: secret: of the site; what the outbox's telephones say is signed with a key made of it.
    """
    if name == "twilio":
        from vasistas.sms.twilio import TwilioPort  # noqa: PLC0415 — see port

        given = {key: known[key] for key in ("account", "token", "sender", "status_url")}
        return TwilioPort(**given, api_url=known["api"])
    if name == "outbox":
        from vasistas.sms.outbox import Outbox  # noqa: PLC0415 — see port

        return Outbox(data / "sms", key=hmac.new(secret.encode(), b"sms.outbox", hashlib.sha256).digest())
    return None
