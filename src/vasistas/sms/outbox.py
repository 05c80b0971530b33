"""The embedded provider: messages are files below DATA, shown on a page; nothing leaves this machine.

Newest first by name, bounded in number and age. Whoever reads the page may answer as the telephone would: the answer
goes the way of a real one, signed and verified.
"""

import contextlib
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from vasistas.sms.port import Answer, CallForged, Incoming, Status

KEPT_MAX = 200  # messages
KEPT_S = 24 * 3600  # seconds; numbers stand in them
SIGNATURE = "X-Outbox-Signature"
_NAME = re.compile(r"[0-9]{20}-[0-9a-f]{8}")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One SMS. name: of its file, and the provider's number of it. at: unix seconds. is_ours: sent by the site."""

    name: str
    at: float
    number: str
    text: str
    key: str
    is_ours: bool = True


class Outbox:
    """Args: folder: of the messages; made when needed. key: signs what telephones say. clock: unix seconds.

    May be used from many threads and processes.
    """

    name = "outbox"

    def __init__(self, folder: Path, *, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._key = key
        self._clock = clock

    def send(self, to: str, text: str, key: str) -> str:
        return self._keep(to, text, key, is_ours=True)

    def incoming(self, headers: Mapping[str, str], url: str, body: bytes) -> list[Incoming]:
        self._verify(headers, url, body)
        try:
            return [msgspec.json.decode(body, type=Incoming)]
        except msgspec.DecodeError:
            raise CallForged from None

    def status(self, headers: Mapping[str, str], url: str, body: bytes) -> Status:
        self._verify(headers, url, body)
        try:
            return msgspec.json.decode(body, type=Status)
        except msgspec.DecodeError:
            raise CallForged from None

    def answer(self, to: str, text: str) -> Answer:
        if text:
            self._keep(to, text, "", is_ours=True)
        return Answer(content_type="text/plain; charset=utf-8", body="")

    def called(self, what: Incoming | Status, url: str) -> tuple[dict[str, str], bytes]:
        """Play the provider: return headers and body of its call to `url`."""
        body = msgspec.json.encode(what)
        return {SIGNATURE: self._signature(url, body)}, body

    def note_answer(self, number: str, text: str) -> None:
        """Keep what a telephone wrote beside what we wrote."""
        self._keep(number, text, "", is_ours=False)

    def latest(self) -> list[Message]:
        """Return the messages, newest first."""
        found = (self._read(path) for path in self._paths()[:KEPT_MAX])
        return [one for one in found if one is not None and one.at > self._clock() - KEPT_S]

    def get(self, name: str) -> Message | None:
        """Return one message; `name` comes from outside, and names nothing but a message of the folder."""
        return next((one for one in self.latest() if one.name == name), None)

    def forget_old(self) -> int:
        """Delete what is too old or too much; return how many."""
        oldest = f"{_nanoseconds(self._clock() - KEPT_S):020d}"
        gone = [path for place, path in enumerate(self._paths()) if place >= KEPT_MAX or path.stem < oldest]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def _keep(self, number: str, text: str, key: str, *, is_ours: bool) -> str:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        at = self._clock()
        name = f"{_nanoseconds(at):020d}-{secrets.token_hex(4)}"
        message = Message(name=name, at=at, number=number, text=text, key=key, is_ours=is_ours)
        unfinished = self._folder / f"{name}.part"
        unfinished.write_bytes(msgspec.json.encode(message))
        unfinished.rename(self._folder / f"{name}.json")
        self.forget_old()
        return name

    def _paths(self) -> list[Path]:
        return sorted((path for path in self._folder.glob("*.json") if _NAME.fullmatch(path.stem)), reverse=True)

    def _read(self, path: Path) -> Message | None:
        """None: it was deleted meanwhile, or is no message of ours."""
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode(path.read_bytes(), type=Message)
        return None

    def _verify(self, headers: Mapping[str, str], url: str, body: bytes) -> None:
        said = {name.lower(): value for name, value in headers.items()}.get(SIGNATURE.lower(), "")
        if not hmac.compare_digest(said.encode(), self._signature(url, body).encode()):
            raise CallForged

    def _signature(self, url: str, body: bytes) -> str:
        return hmac.new(self._key, url.encode() + b"\n" + body, hashlib.sha256).hexdigest()


def _nanoseconds(at: float) -> int:
    return max(0, int(at * 1e9))
