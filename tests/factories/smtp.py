"""A mail server of one's own on this machine: it takes mails, and does what the test asks of it (RFC 5321)."""

import email.policy
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

OK = b"250 OK\r\n"


class MailServer:
    """taken: mails it said yes to, as (recipient, mail). before_yes: called with the recipient before each yes; an
    answer of its own is sent in its place, and the mail not taken.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []
        self.before_yes: Callable[[str], bytes | None] = lambda _recipient: None
        self.port = 0

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _mail in self.taken]


@contextmanager
def mail_server() -> Iterator[MailServer]:
    told = MailServer()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            recipient = ""
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"RCPT":
                    recipient = line.partition(b"<")[2].partition(b">")[0].decode()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = list(iter(self.rfile.readline, b".\r\n"))
                    self._answer(recipient, b"".join(lines))
                elif verb == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(OK)

        def _answer(self, recipient: str, content: bytes) -> None:
            refused = told.before_yes(recipient)
            if refused is None:
                parsed: Any = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(content)
                told.taken.append((recipient, parsed))
            self.wfile.write(OK if refused is None else refused)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        told.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield told
        server.shutdown()
        thread.join()
