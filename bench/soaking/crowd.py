"""Many processes of clients: starts them, counts what they say, kills them with -9 at random, replaces the fallen."""

import contextlib
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

SILENCE_S_MAX = 15.0  # a client process that hangs is killed, and counted: it is no fault of the node's


@dataclass
class Client:
    role: str
    rooms: tuple[str, ...]
    process: subprocess.Popen[str]
    heard_at: float = field(default_factory=time.monotonic)


class Crowd:
    """tally: what all clients said, by first word ("refused" and "failed" with what follows, too)."""

    def __init__(self, url: str, key: bytes, chance: random.Random) -> None:
        self._url, self._key, self._chance = url, key, chance
        self.clients: list[Client] = []
        self.tally: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.sent = self.sent_s = 0.0
        self.seen: list[tuple[int, int, float]] = []  # received, expected, longest gap in ms; half a second each
        self.kills = self.client_hangs = 0

    def start(self, role: str, *rooms: str) -> Client:
        program = str(Path(__file__).with_name("client.py"))
        seed = str(self._chance.randrange(2**31))
        process = subprocess.Popen(
            [sys.executable, program, role, self._url, self._key.decode(), seed, *rooms],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        client = Client(role, rooms, process)
        self.clients.append(client)
        threading.Thread(target=self._listen, args=(client,), daemon=True).start()
        return client

    def kill(self, client: Client) -> None:
        """As a crash does: no word to anybody."""
        self.clients.remove(client)
        client.process.kill()
        client.process.wait()
        for pipe in (client.process.stdin, client.process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def kill_and_replace_one(self) -> None:
        client = self._chance.choice(self.clients)
        self.kills += 1
        self.kill(client)
        self.start(client.role, *client.rooms)

    def replace_silent(self) -> None:
        """Replace client processes that have ended or hang."""
        for client in list(self.clients):
            is_silent = time.monotonic() - client.heard_at > SILENCE_S_MAX
            if is_silent or client.process.poll() is not None:
                self.client_hangs += is_silent
                self.kill(client)
                self.start(client.role, *client.rooms)

    def kill_all(self, *roles: str) -> None:
        for client in [one for one in self.clients if not roles or one.role in roles]:
            self.kill(client)

    def _listen(self, client: Client) -> None:
        with contextlib.suppress(ValueError, OSError):  # its pipe is closed while we read
            for line in client.process.stdout or ():
                client.heard_at = time.monotonic()
                with self._lock:
                    self._note(*line.split())

    def _note(self, word: str, *rest: str) -> None:
        self.tally[word] += 1
        if word == "sent":
            self.sent += float(rest[0])
            self.sent_s += float(rest[1])
        elif word == "seen":
            self.seen.append((int(rest[0]), int(rest[1]), float(rest[2])))
        elif rest:
            self.tally[" ".join([word, *rest])] += 1
