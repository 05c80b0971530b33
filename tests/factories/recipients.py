"""A recipient on this machine that listens, refuses, hangs, or never answers; and what it is told."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.factories.accounts import make_member
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import RecipientNotice
from vasistas.guard.egress import door, webhooks
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing

NAME, MAIL = "user.account.username", "user.contact.email"
PSEUDONYM = "user.unique_id.pseudonymous"


@dataclass
class Partner:
    """A recipient on this machine. answer: what it does with a request; records: what it holds, by its own names."""

    answer: Callable[[BaseHTTPRequestHandler, str], None]
    got: list[dict[str, Any]] = field(default_factory=list)
    handled: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        id_, at = handler.headers["webhook-id"], handler.headers["webhook-timestamp"]
        key = base64.b64decode(webhooks.public_key("mail").removeprefix("whpk_"))
        version, _, signature = handler.headers["webhook-signature"].partition(",")
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature), f"{id_}.{at}.".encode() + body)
        assert version == "v1a"
        self.got.append({"id": id_, "body": body.decode(), **json.loads(body)})
        self.handled.setdefault(id_, json.loads(body)["data"]["subject"])
        self.answer(handler, id_)


def say(status: int, body: bytes) -> Callable[[BaseHTTPRequestHandler, str], None]:
    def answer(handler: BaseHTTPRequestHandler, _id: str) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def acknowledge(handler: BaseHTTPRequestHandler, id_: str) -> None:
    say(200, json.dumps({"acknowledged": id_}).encode())(handler, id_)


@contextmanager
def serving() -> Iterator[Partner]:
    """Plays the mail provider as one that keeps names and wants to be told."""
    webhooks.public_key("mail")  # made before the server's thread asks for it
    played = Partner(acknowledge)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            played.take(self)

        def log_message(self, *_said: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    played.url = f"http://127.0.0.1:{server.server_address[1]}/notices"
    with playing(told_at=played.url):
        yield played
    server.shutdown()
    server.server_close()


def playing(**over: Any) -> Any:
    every = get_policy().recipients
    one = {"categories": frozenset({NAME, MAIL, PSEUDONYM}), "not_told": {}, **over}
    return door.rehearsing({**every, "mail": replace(every["mail"], **one)})


def hand_over(member: Any, category: str = NAME) -> None:
    with processing("account"):
        door.hand_over("mail", {category}, [member.subject_id])


def only() -> RecipientNotice:
    return RecipientNotice.objects.get()


def make_due(at: datetime) -> RecipientNotice:
    """A notice of an erasure, of somebody whose name the partner got."""
    vi = make_member("Vi")
    hand_over(vi)
    operations.tell_recipients(subject_id=vi.subject_id, what="erased", at=at)
    return only()
