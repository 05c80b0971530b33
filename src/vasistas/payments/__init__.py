"""Taking money: the port the site speaks to, and one folder for each provider behind it. It knows no Django.

Redirect checkout alone: whoever pays does so on the provider's own page. No card number, no third-party script reaches
the site (docs/payments.md).
"""

from collections.abc import Mapping

from vasistas.lib.errors import NotFound
from vasistas.payments.port import PaymentPort

_configured: dict[str, PaymentPort] = {}


def configure(ports: Mapping[str, PaymentPort]) -> None:
    """Set the providers of this process, by name and in order; called by `vasistas.config` (and by tests)."""
    _configured.clear()
    _configured.update(ports)


def names() -> list[str]:
    """The providers that are enabled, the first one first."""
    return list(_configured)


def get_port(name: str) -> PaymentPort:
    """Raises: NotFound: no such provider is enabled here."""
    if name not in _configured:
        raise NotFound("There is no such payment provider here. Choose another way to pay.")
    return _configured[name]
