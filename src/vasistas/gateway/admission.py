"""Who may open a socket at all: the page's origin and the number of sockets per address. Pure; nothing is logged."""

import ipaddress
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

_IPV6_HOME_BITS = 64  # one household or server holds at least a /64


@dataclass(frozen=True)
class Origins:
    """public: origins of the site, as `https://cams.example`. hosts: names the site also answers to (`*` is any)."""

    public: frozenset[str]
    hosts: frozenset[str]

    def allow(self, origin: str | None, host: str) -> bool:
        """Decide whether a page of `origin` may connect to `host` (both as the browser sent them).

        A browser always sends Origin, a page cannot forge it, and no cookie is read here. So a request without one is
        a program, which must hold a grant like everyone.
        """
        if origin is None or origin in self.public:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        if parts.scheme not in {"http", "https"} or parts.netloc.lower() != host.lower():
            return False
        name = parts.hostname or ""
        return bool({"*", name, f"[{name}]"} & self.hosts)


def address_of(peer: str, forwarded: str | None, trusted: Collection[str]) -> str:
    """Return what sockets are counted under: the address behind a trusted proxy, IPv6 by its /64.

    Args: forwarded: X-Forwarded-For. Each trusted proxy adds one entry at its end; what stands before is hearsay.
    """
    if forwarded and ("*" in trusted or peer in trusted):
        entries = [entry.strip() for entry in reversed(forwarded.split(","))]
        peer = next((entry for entry in entries if entry not in trusted), entries[-1])
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped:
        return str(ipaddress.ip_network((address, _IPV6_HOME_BITS), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


class Doorkeeper:
    """Counts open sockets, in all and per address. Addresses live only as long as their sockets."""

    def __init__(self, *, sockets_max: int, per_address_max: int) -> None:
        self._sockets_max, self._per_address_max = sockets_max, per_address_max
        self._open: Counter[str] = Counter()
        self.count = 0

    def enter(self, address: str) -> int:
        """Return the HTTP status: 101 counted in, 429 too many from this address, 503 the process is full."""
        if self.count >= self._sockets_max:
            return 503
        if self._open[address] >= self._per_address_max:
            return 429
        self.count += 1
        self._open[address] += 1
        return 101

    def leave(self, address: str) -> None:
        self.count -= 1
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]
