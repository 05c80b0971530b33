"""A mail provider on this machine: takes what its API is sent, and answers as it is told to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class MailProvider:
    """taken: (path, headers, body) of each request. status, answer, beside: what the next ones get, and with which
    headers. is_silent: it takes them and answers nothing.
    """

    url: str
    status: int = 200
    answer: Any = field(default_factory=dict)
    is_silent: bool = False
    beside: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def mail_provider() -> Iterator[MailProvider]:
    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.taken.append((self.path, dict(self.headers), body))
            answer = json.dumps(told.answer).encode()
            if told.is_silent:
                self.close_connection = True
                return
            self.send_response(told.status)
            for name, value in {
                "Content-Type": "application/json",
                **told.beside,
                "Content-Length": str(len(answer)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_said: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        told = MailProvider(f"http://127.0.0.1:{server.server_address[1]}/")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield told
        server.shutdown()
        thread.join()
