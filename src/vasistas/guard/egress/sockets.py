"""Which hosts this process may reach: a closed list. Everything else is refused before a packet leaves, and alarmed.

An audit hook of the interpreter (PEP 578) sees every connect, sendto and look-up of a name that Python code makes, in
any library. It cannot be taken out again, and survives fork(). What C libraries open on their own it does not see:
libpq, and uvloop, whose loop is replaced by `GuardedLoop`. It knows no Django and no policy: see `endpoints`.
"""

import contextlib
import ipaddress
import logging
import socket
import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

RESOLVED_MAX = 64  # addresses remembered for one name: what its look-ups answered lately
OWN_NAMES = frozenset({"localhost", socket.gethostname().lower()})  # looked up undeclared; connecting needs the port
_SENDING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_ASKING = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_ASKING_BACK = "socket.gethostbyaddr"  # tells the resolver an address: whose?

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endpoint:
    """One place that may be reached. host: a name or an address, as the configuration spells it; port: TCP or UDP."""

    host: str
    port: int


class UndeclaredHost(PermissionError):  # noqa: N818 — refusals read as facts
    """No recipient of the policy has this address. Nothing was sent. An OSError: clients take it for a dead peer."""

    def __init__(self) -> None:
        super().__init__(
            "This host is refused: no recipient of the policy names it. Declare it in policy/policy.toml, under "
            "[recipients.*], as an endpoint or a host."
        )


class _State:
    """What is allowed. None: not armed, everything passes. Replaced as a whole, so that no lock is needed to read."""

    allowed: frozenset[tuple[str, int]] | None = None
    names: frozenset[str] = frozenset()
    is_hooked = False


_lock = threading.Lock()
_resolved: dict[str, "OrderedDict[str, None]"] = {}  # declared name -> addresses its look-ups answered
_refused: Counter[str] = Counter()
_is_probe: ContextVar[bool] = ContextVar("vasistas_egress_probe", default=False)


def arm(endpoints: Collection[Endpoint]) -> None:
    """Refuse every address but these, from now on and in every thread. A second call replaces the list."""
    allowed = frozenset((_plain(one.host), one.port) for one in endpoints)
    with _lock:
        if not _State.is_hooked:
            sys.addaudithook(_hook)
            socket.getaddrinfo = _remembering(socket.getaddrinfo)
            _State.is_hooked = True
        _State.names = frozenset(host for host, _port in allowed if not _is_address(host))
        for gone in _resolved.keys() - _State.names:
            del _resolved[gone]
        _State.allowed = allowed


def disarm() -> None:
    """Let everything pass again. For tests, and for the counterexample of the check."""
    _State.allowed = None


def is_armed() -> bool:
    return _State.allowed is not None


def refusals() -> dict[str, int]:
    """How often which code was refused since the process started: "module:line" -> times. Probes do not count."""
    return dict(_refused)


@contextlib.contextmanager
def probing() -> Iterator[None]:
    """Try the guard out: what it refuses inside is no alarm."""
    token = _is_probe.set(True)
    try:
        yield
    finally:
        _is_probe.reset(token)


def require(host: str, port: int) -> None:
    """Raises: UndeclaredHost: this process may not reach it. For what connects where the hook cannot see."""
    if not _is_allowed(host, port):
        _refuse("connect")


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _State.allowed is None:
        return
    if event in _SENDING:
        _check_sending(event, *args)
    elif event in _ASKING or event == _ASKING_BACK:
        name = _plain(_text(args[0]))
        is_literal = event != _ASKING_BACK and _is_address(name)  # nobody is asked about it
        if name and not is_literal and name not in _State.names | OWN_NAMES:
            _refuse("look-up")


def _check_sending(event: str, sender: socket.socket, address: Any) -> None:
    if address is None or sender.family == socket.AF_UNIX:
        return  # connected already, and checked then; or a file of this machine
    if sender.family in {socket.AF_INET, socket.AF_INET6} and _is_allowed(_text(address[0]), address[1]):
        return
    _refuse(event.partition(".")[2])


def _is_allowed(host: str, port: int) -> bool:
    allowed = _State.allowed
    if allowed is None or (_plain(host), port) in allowed:
        return True
    plain = _plain(host)
    return any((name, port) in allowed and plain in found for name, found in list(_resolved.items()))


def _refuse(how: str) -> None:
    """Alarm and refuse. The log names our code and never the address: that could be somebody's, or carry a secret."""
    if not _is_probe.get():
        caller = _caller()
        _refused[caller] += 1
        logger.error("egress.refused how=%s by=%s", how, caller)
    raise UndeclaredHost


def _caller() -> str:
    frame = sys._getframe(1)  # noqa: SLF001 — the frames above, without the cost of a traceback
    nearest = ""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module != __name__:
            where = f"{module}:{frame.f_lineno}"
            nearest = nearest or where
            if module.startswith("vasistas."):
                return where
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
    return nearest


def _remembering(look_up: Any) -> Any:
    """Wrap getaddrinfo: a declared name may be reached at the addresses it was resolved to, and at its own port."""

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        answers = look_up(host, port, *args, **options)
        name = _plain(_text(host))
        if _State.allowed is not None and name in _State.names:
            with _lock:
                found = _resolved.setdefault(name, OrderedDict())
                for answer in answers:
                    found[_plain(answer[4][0])] = None
                    found.move_to_end(_plain(answer[4][0]))
                while len(found) > RESOLVED_MAX:
                    found.popitem(last=False)
        return answers

    return getaddrinfo


def _text(host: Any) -> str:
    if isinstance(host, bytes | bytearray):
        return bytes(host).decode("ascii", errors="replace")
    return "" if host is None else str(host)


def _plain(host: str) -> str:
    """One spelling for one host: small letters, no dot at the end, IPv4 inside of IPv6 as IPv4."""
    host = host.strip("[]").rstrip(".").lower()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
