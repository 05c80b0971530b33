"""By whom mails leave, from the environment alone: SMTP, a provider's API, the demo's own mail server, or nobody."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from vasistas.apps.accounts import outbox
from vasistas.apps.accounts.outbox.provider import PROVIDERS
from vasistas.config import env
from vasistas.inbound import imap
from vasistas.lib.loopback import is_loopback

FOR = "VASISTAS_MAIL_PROVIDER"
DOCS = "docs/apps/bulletins.md"
WEBHOOK_USER = "vasistas"  # its messages to us carry this name and the secret, by HTTP's basic authentication


def provider(*, is_demo: bool) -> str:
    """Return the name of the provider that is enabled, or "": SMTP, or none. The demo has none.

    Raises: ImproperlyConfigured: it is unknown, or SMTP is set as well.
    """
    name = "" if is_demo else env.one_of("MAIL_PROVIDER", "", ("", *PROVIDERS))
    if name and env.text("SMTP_URL", ""):
        raise ImproperlyConfigured("VASISTAS_MAIL_PROVIDER and VASISTAS_SMTP_URL are both set; take one of them out.")
    return name


def mailer(name: str, *, sink_port: int, is_demo: bool) -> dict[str, Any]:
    """Return the entry of Django's MAILERS by which every mail leaves.

    Raises: ImproperlyConfigured: an address or a key is missing or not understood.
    """
    if name:
        return {"BACKEND": "vasistas.apps.accounts.outbox.ProviderBackend", "OPTIONS": _options(name)}
    if is_demo:
        return outbox.mailer(f"smtp://127.0.0.1:{sink_port}?tls=none" if sink_port else "")
    return outbox.mailer(env.text("SMTP_URL", ""))


def tracking(name: str, *, data: Path) -> Mapping[str, str]:
    """Return what django-anymail's views verify a provider's messages with: `webhook_secret`, always, and the key of
    its signatures, where it signs. Empty: no provider.
    """
    if not name:
        return {}
    secret = env.secret("MAIL_WEBHOOK_SECRET", data=data)
    if ":" in secret or "@" in secret or "/" in secret:
        raise ImproperlyConfigured("VASISTAS_MAIL_WEBHOOK_SECRET stands in an address; make it of letters and digits.")
    found = {"webhook_secret": f"{WEBHOOK_USER}:{secret}"}
    if signs := PROVIDERS[name].signs:
        found[signs] = env.given("MAIL_WEBHOOK_KEY", for_=FOR, see=DOCS)
    return found


def mailbox() -> imap.Mailbox | None:
    """Return the mailbox elsewhere whose mails are fetched, or None.

    Raises: ImproperlyConfigured: its address is not understood. Its words hold a password and are not repeated.
    """
    url = env.text("MAIL_IN_IMAP", "")
    try:
        return imap.mailbox_of(url) if url else None
    except ValueError as fault:
        raise ImproperlyConfigured(
            f"VASISTAS_MAIL_IN_IMAP is {fault}; set it to imaps://user:password@host/folder."
        ) from None


def _options(name: str) -> dict[str, str]:
    known = PROVIDERS[name]
    found = {"provider": name, known.key: env.given("MAIL_KEY", for_=FOR, see=DOCS)}
    if known.second:
        found[known.second] = env.given("MAIL_KEY_SECOND", for_=FOR, see=DOCS)
    api = env.text("MAIL_API_URL", known.api)
    parts = urlsplit(api)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))):
        raise ImproperlyConfigured(
            f"VASISTAS_MAIL_API_URL is {api!r}; set it to the https:// address of {known.title}'s API for you."
        )
    return {**found, "api_url": api}
