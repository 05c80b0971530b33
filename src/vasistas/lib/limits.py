"""Rate limits on the shared cache: a fixed window per (name, key)."""

import hashlib
import ipaddress
import math

from django.core.cache import cache

from vasistas.lib.errors import LimitReached

IPV6_NETWORK_BITS = 64  # one household or server holds at least that many addresses


def network_of(address: str) -> str:
    """What visitors are counted under: their IPv4 address, or the household's part of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(ipaddress.ip_network((found, IPV6_NETWORK_BITS), strict=False))


def hit(name: str, key: str, *, limit: int, per_s: int, now: float) -> None:
    """Count one act of `key` (hashed; it may be an address) and refuse when more than `limit` fall into one window.

    Raises: LimitReached: says in how many seconds the window opens again.
    """
    window, into_s = divmod(now, per_s)
    digest = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
    entry = f"limit:{name}:{digest}:{int(window)}"
    cache.add(entry, 0, timeout=per_s)
    try:
        count = cache.incr(entry)
    except ValueError:  # the entry was evicted between add and incr
        cache.set(entry, 1, timeout=per_s)
        count = 1
    if count > limit:
        retry_after_s = math.ceil(per_s - into_s)
        raise LimitReached(f"Too many attempts. Try again in {retry_after_s} s.", retry_after_s=retry_after_s)
