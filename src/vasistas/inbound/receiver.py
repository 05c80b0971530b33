"""A mail server that takes mails for a few addresses of ours, and relays none (RFC 5321).

A mail is answered with 250 once it is dealt with: what fails on our side is a 451, and the sender's server comes again.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from vasistas.inbound.mail import Mail, Refused
from vasistas.inbound.reading import parse

SIZE_MAX = 1024 * 1024  # bytes of a mail
CONNECTIONS_MAX = 20  # at once
CONNECTION_BYTES_MAX = 8  # times size_max: what one connection may send in all
COMMANDS_MAX = 100  # of each kind in one connection
RECIPIENTS_MAX = 10  # of one mail
IDLE_S = 60.0  # a connection without a command ends
STOP_S = 5.0  # for the mail that is being dealt with

type Take = Callable[[Mail], None]  # raises Refused

logger = logging.getLogger(__name__)


class Receiver:
    """Listens on (bind, port) in a thread of its own; port 0 takes a free one, told by `port` after `start`.

    take: deals with one mail to one address, in another thread, one mail after the other. accepts: whether an address
    is ours. name: how the server calls itself; looked up nowhere.
    """

    def __init__(
        self,
        bind: str,
        port: int,
        take: Take,
        *,
        accepts: Callable[[str], bool],
        name: str = "localhost",
        size_max: int = SIZE_MAX,
    ) -> None:
        self.port = port
        self._bind = bind
        self._handler = _Handler(take, accepts)
        self._options: dict[str, Any] = {
            "data_size_limit": size_max,
            "hostname": name,
            "ident": "Vasistas",
            "timeout": IDLE_S,
            "command_call_limit": COMMANDS_MAX,
        }
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="inbound", daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[_Conversation] = set()

    def start(self) -> None:
        """Raises: OSError: the port cannot be opened; nothing runs then."""
        logging.getLogger("mail.log").disabled = True  # it writes addresses
        family = socket.AF_INET6 if ":" in self._bind else socket.AF_INET
        listening = socket.create_server((self._bind, self.port), family=family)
        self.port = listening.getsockname()[1]
        made = self._loop.create_server(
            lambda: _Conversation(self._open, self._handler, **self._options), sock=listening
        )
        self._server = self._loop.run_until_complete(made)
        self._thread.start()

    def stop(self) -> None:
        """Take no more mails, and let the one that is being dealt with end."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=STOP_S * 2)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=STOP_S)
        if not self._loop.is_running():
            self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._handler.drained(), STOP_S)
        for conversation in list(self._open):
            conversation.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Conversation(SMTP):
    """One connection: how many there are, and how much it sends, is bounded."""

    def __init__(self, others: "set[_Conversation]", handler: "_Handler", **options: Any) -> None:
        super().__init__(handler, loop=asyncio.get_running_loop(), **options)
        self._others = others
        self._left = int(options["data_size_limit"]) * CONNECTION_BYTES_MAX

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._others.add(self)
        if len(self._others) > CONNECTIONS_MAX and isinstance(transport, asyncio.Transport):
            transport.write(b"421 4.3.2 Too many connections. Come again in a minute.\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._others.discard(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            return self.abort()
        return super().data_received(data)

    def abort(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


class _Handler:
    def __init__(self, take: Take, accepts: Callable[[str], bool]) -> None:
        self._take = take
        self._accepts = accepts
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inbound.take")
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def drained(self) -> None:
        await self._idle.wait()
        self._worker.shutdown(wait=False)

    async def handle_RCPT(  # noqa: N802 — named by aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not self._accepts(address):
            return "550 5.1.1 Nobody has this address here."
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 4.5.3 Too many recipients. Send the rest again."
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 — see above
        self._busy += 1
        self._idle.clear()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, self._deal_with, envelope)
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    async def handle_exception(self, error: Exception) -> str:
        logger.error("inbound.failed kind=%s", type(error).__name__)  # its text may quote a mail
        return "451 4.3.0 This did not work. Send it again later."

    def _deal_with(self, envelope: Envelope) -> str:
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        sender = (envelope.mail_from or "").strip("<>")  # aiosmtpd says "<>" for none
        try:
            for to in envelope.rcpt_tos:
                self._take(parse(raw, to=to, envelope=sender))
        except Refused as refused:
            return f"{refused.code} {refused.sentence}"
        except Exception as error:  # noqa: BLE001 — the sender's server keeps the mail and comes again
            logger.error("inbound.not_taken kind=%s", type(error).__name__)  # noqa: TRY400 — a traceback may quote it
            return "451 4.3.0 This did not work. Send it again later."
        return "250 OK"
