"""A local IPv4 address that is not loopback: Janus does not use the loopback interface. Packets still never leave.

What is sent to an own address is delivered by the kernel at once, whatever the interface.
"""

import ipaddress
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

DEVICE = "vasistas-bench"
KINDS = ("dummy", "bridge")  # a kernel may lack one or the other
ADDRESS = "198.18.0.1"  # of the block for benchmarks, RFC 2544


@contextmanager
def local_address() -> Iterator[str | None]:
    """Yield the address of an interface that is up; else, as root, of one made for the time. None: there is none."""
    if found := _found():
        yield found
        return
    why = _make()
    if why:
        sys.stderr.write(f"Janus cannot be measured: no interface but loopback is up, and none can be made ({why}).\n")
        yield None
        return
    try:
        yield ADDRESS
    finally:
        _ip("link", "delete", DEVICE)


def _found() -> str | None:
    states = psutil.net_if_stats()
    for name, addresses in psutil.net_if_addrs().items():
        for one in addresses:
            if one.family.name != "AF_INET" or not states[name].isup:
                continue
            if not ipaddress.ip_address(one.address).is_loopback:
                return str(one.address)
    return None


def _make() -> str:
    """Make an interface that leads nowhere; return why that is impossible, "" when it is there."""
    if os.geteuid() != 0:
        return "only root may"
    tries = (_ip("link", "add", DEVICE, "type", kind) for kind in KINDS)
    whys = list(itertools.takewhile(bool, tries))  # up to the first kind that works
    if len(whys) == len(KINDS):
        return whys[-1]
    for order in (("address", "add", f"{ADDRESS}/32", "dev", DEVICE), ("link", "set", DEVICE, "up")):
        if why := _ip(*order):
            _ip("link", "delete", DEVICE)
            return why
    return ""


def _ip(*order: str) -> str:
    try:
        done = subprocess.run(["ip", *order], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "there is no `ip` command"
    return done.stderr.strip() if done.returncode else ""
