"""Clause 7: data leaves by one door, to those on the list, and whom it was about can see it."""

import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
from django.conf import settings
from django.core.mail import EmailMessage

from vasistas.apps.accounts import outbox
from vasistas.guard.conformance.registry import NAMED_MAX, Finding, check, counterexample, finding
from vasistas.guard.egress import door, operations, queries, sockets
from vasistas.guard.policy.compiler import compile_policy
from vasistas.guard.policy.faults import PolicyRefused
from vasistas.guard.purposes import Frame, current, processing
from vasistas.proof import canary

CONNECT_S = 2.0
SALES = ("sale", "buyer", "advertising", "advertiser", "broker")  # roles a policy that sells would need


@check(
    "egress.undeclared_hosts_are_refused",
    kind="probe",
    words={
        "en": "This process reaches no host that the policy does not name, not even on its own machine.",
        "fr": "Ce processus n’atteint aucun hôte que la politique ne nomme, pas même sur sa propre machine.",
    },
)
def undeclared_hosts_are_refused(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    wrong = [] if sockets.is_armed() else ["not armed"]
    with closing(socket.create_server(("127.0.0.1", 0))) as server, sockets.probing():
        server.settimeout(0)
        port = server.getsockname()[1]
        ways = list(_ways_out(port))
        wrong += [name for name, go in ways if _gets_out(go)]
        wrong += ["a connection arrived"] if _has_caller(server) else []
    found = finding(len(ways) + 2, wrong)
    refused = sockets.refusals()
    told = f"refused since the start: {sum(refused.values())}, by {', '.join(sorted(refused)[:NAMED_MAX])}"
    return replace(found, detail=told) if found.ok and refused else found


def _ways_out(port: int) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "socket", lambda: socket.create_connection(("127.0.0.1", port), CONNECT_S).close()
    yield "http", lambda: httpx.get(f"http://127.0.0.1:{port}/", timeout=CONNECT_S, trust_env=False)
    yield "datagram", lambda: _send_datagram(port)
    yield "look-up", lambda: socket.getaddrinfo("no-such-host.invalid", port)


def _send_datagram(port: int) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        sender.sendto(b"", ("127.0.0.1", port))


def _gets_out(go: Callable[[], object]) -> bool:
    """Whether something else than our refusal answered."""
    try:
        go()
    except sockets.UndeclaredHost:
        return False
    except httpx.ConnectError as error:
        return str(sockets.UndeclaredHost()) not in str(error)
    except (OSError, httpx.HTTPError):
        return True
    return True


def _has_caller(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@counterexample("egress.undeclared_hosts_are_refused")
def take_the_guard_away(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    sockets.disarm()


@check(
    "egress.door_keeps_the_list",
    kind="probe",
    words={
        "en": "The door lets out what the list says, under a purpose that allows it, and nothing else.",
        "fr": "La porte laisse sortir ce que dit la liste, sous une finalité qui l’admet, et rien d’autre.",
    },
    is_gated=True,
)
def door_keeps_the_list(now: datetime) -> Finding:
    today = now.astimezone(UTC).date()
    with processing("account"):
        frame = current()
    with processing("rooms"):
        other = current()
    mail = {"user.contact.email"}
    must_stay: dict[str, tuple[str, set[str], Frame | None, date]] = {
        "unknown recipient": ("nobody", mail, frame, today),
        "other categories": ("mail", {*mail, "user.device.ip_address"}, frame, today),
        "no purpose": ("mail", mail, None, today),
        "another purpose": ("mail", mail, other, today),
        "nothing named": ("mail", set(), frame, today),
    }
    wrong = [name for name, asked in must_stay.items() if not list(door.faults_of(*asked))]
    wrong += ["what may go"] if list(door.faults_of("mail", mail, frame, today)) else []
    wrong += [f"role {role}" for role in SALES if _compiles_with(role)]
    return finding(len(must_stay) + 1 + len(SALES), wrong)


def _compiles_with(role: str) -> bool:
    """Whether a policy in which the mail provider has this role would be accepted."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "policy"
        shutil.copytree(settings.POLICY, copy, ignore=shutil.ignore_patterns("versions"))
        rules = copy / "policy.toml"
        head, mark, rest = rules.read_text().partition("[recipients.mail]")
        rules.write_text(head + mark + rest.replace('role = "processor"', f'role = "{role}"', 1))
        try:
            compile_policy(copy)
        except PolicyRefused:
            return False
    return True


@counterexample("egress.door_keeps_the_list")
def leave_the_door_open(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    door.faults_of = lambda *asked: iter(())  # noqa: ARG005 — it plants a fault


@check(
    "egress.members_see_who_got_what",
    kind="canary",
    words={
        "en": "What is sent is noted for whom it is about, and they find it; others do not.",
        "fr": "Ce qui est envoyé est noté pour la personne concernée, qui le retrouve ; les autres, non.",
    },
)
def members_see_who_got_what(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        with canary.arranging():
            address = canaries.vi.email
        with processing("account"):
            outbox.let_out([EmailMessage("Hello", "A mail of nobody", to=[address])])
        own, others = (queries.transfers_of(member.subject_id) for member in (canaries.vi, canaries.ada))
        told = [(one.recipient, one.categories, one.count) for one in own]
        wrong = [] if told == [("mail", ("user.contact.email",), 1)] else ["the mail is not there"]
        wrong += ["somebody else sees it"] if others else []
    return finding(2, wrong)


@counterexample("egress.members_see_who_got_what")
def note_nothing(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    operations.note = lambda **noted: None  # noqa: ARG005 — it plants a fault
