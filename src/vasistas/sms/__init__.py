"""Sending SMS: the port the site speaks to, and one module for each provider behind it. It knows no Django."""

from vasistas.lib.errors import NotFound
from vasistas.sms.port import SmsPort

_configured: list[SmsPort] = []  # one at most


def configure(port: SmsPort | None) -> None:
    """Set the provider of this process, None for no SMS; called by `vasistas.config` (and by tests)."""
    _configured[:] = [] if port is None else [port]


def is_on() -> bool:
    """Whether this site sends SMS at all."""
    return bool(_configured)


def get_port(name: str = "") -> SmsPort:
    """Return the provider. name: as an address names it; another one than ours is unknown.

    Raises: NotFound: this site sends no SMS, or not by that provider.
    """
    if not _configured or name not in {"", _configured[0].name}:
        raise NotFound("This site sends no SMS by that provider. Choose mail instead.")
    return _configured[0]
