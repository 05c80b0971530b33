"""The allow-list of the process: what the settings configure, as far as a recipient of the policy stands for it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

from vasistas.guard.egress import door, sockets
from vasistas.guard.egress.sockets import Endpoint
from vasistas.guard.policy import get_policy
from vasistas.guard.policy.faults import PolicyRefused
from vasistas.guard.policy.model import Policy

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PORTS = {"http": 80, "https": 443, "redis": 6379, "rediss": 6379}
POSTGRESQL_PORT = 5432
PAYMENTS = {"sandbox": "payments"}  # payment providers whose endpoint has another name than they
NEEDED = ("mail", "media")  # recipients that code of the product hands things to


def arm() -> None:
    """Guard this process: only what is configured and declared can be reached from now on.

    Also 127.0.0.1 and its kin are refused but for the ports that are configured: a program on this machine that nobody
    declared may hand on what it gets.
    """
    sockets.arm(allowed(get_policy(), datetime.now(UTC).date()))


def allowed(policy: Policy, today: date) -> list[Endpoint]:
    """Return what may be reached: the endpoints and hosts of recipients that may get anything on this day."""
    known = configured()
    found = [Endpoint("127.0.0.1", settings.PORT)] if settings.DEMO else []  # the demo asks whether it is up
    for one in policy.recipients.values():
        if not door.fault_of_transfer(one, today):
            found += [known[name] for name in one.endpoints if name in known]
            found += [_of_host(host) for host in one.hosts]
            found += [_of_url(one.told_at)] if one.told_at else []
    return found


def configured() -> Mapping[str, Endpoint]:
    """What this site is told to reach, by the names the policy uses; without files of this machine."""
    return dict(_configured())


def is_on_this_machine(name: str) -> bool:
    """Whether an endpoint ends in a process of this machine, which is ours."""
    one = configured().get(name)
    return one is None or one.host in LOOPBACK


def _configured() -> Iterator[tuple[str, Endpoint]]:
    for name, alias in (("database", "default"), ("keys", "keys")):
        database: Mapping[str, Any] = settings.DATABASES.get(alias, {})
        host = str(database.get("HOST") or "")
        if host and not host.startswith("/"):
            yield name, Endpoint(host, int(database.get("PORT") or POSTGRESQL_PORT))
    location = settings.CACHES["default"].get("LOCATION", "")
    if isinstance(location, str) and urlsplit(location).hostname:
        yield "cache", _of_url(location)
    if settings.ROOT_KEY.startswith("vault:"):
        yield "root_key", _of_url(settings.ROOT_KEY.removeprefix("vault:"))
    yield "media", _of_url(settings.MEDIA_NODE_URL)
    for provider, account in settings.PAYMENT_ACCOUNTS.items():
        yield PAYMENTS.get(provider, provider), _of_url(account["api"])
    if settings.SMS_ACCOUNT.get("api"):
        yield "sms", _of_url(settings.SMS_ACCOUNT["api"])
    mail: Mapping[str, Any] = settings.MAILERS["default"].get("OPTIONS", {})
    if mail.get("host"):
        yield "mail", Endpoint(mail["host"], int(mail["port"]))
    if mail.get("api_url"):
        yield "mail", _of_url(mail["api_url"])
    if settings.MAIL_IN_IMAP:
        yield "imap", Endpoint(settings.MAIL_IN_IMAP.host, settings.MAIL_IN_IMAP.port)


def _of_url(url: str) -> Endpoint:
    parts = urlsplit(url)
    return Endpoint(parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0))


def _of_host(host: str) -> Endpoint:
    name, _, port = host.rpartition(":")
    return Endpoint(name, int(port))


@checks.register("privacy")
def check_endpoints_are_declared(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse a site that is told to reach what no recipient of the policy stands for."""
    try:
        recipients = get_policy().recipients
    except PolicyRefused:
        return []  # told by its own check
    named = {name for one in recipients.values() for name in one.endpoints}
    missing: list[checks.CheckMessage] = [
        checks.Error(
            f"The policy has no recipient {key!r}, to whom this product hands things.",
            hint=f"Add [recipients.{key}] to policy/policy.toml: whoever runs that endpoint.",
            id="guard.E032",
        )
        for key in NEEDED
        if key not in recipients
    ]
    return missing + [
        checks.Error(
            f"The endpoint {name!r} is configured, and no recipient of the policy has it.",
            hint=f'Write endpoints = ["{name}"] under the one of [recipients.*] that runs it.',
            id="guard.E031",
        )
        for name in configured()
        if name not in named
    ]
