"""The event loop of the web process: uvloop, which opens connections past the interpreter, behind the same guard."""

from typing import Any

import uvloop

from vasistas.guard.egress import sockets


class GuardedLoop(uvloop.Loop):
    """Refuses connections to hosts that nobody declared. Names are refused unless declared: resolve them first.

    What serves (`create_server`) and what sends on accepted connections is as before.
    """

    async def create_connection(self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        if host is not None:
            sockets.require(str(host), int(port or 0))
        return await super().create_connection(protocol_factory, host, port, **options)

    async def create_datagram_endpoint(
        self, protocol_factory: Any, local_addr: Any = None, remote_addr: Any = None, **options: Any
    ) -> Any:
        """A socket without a peer could send anywhere: nothing in the web process needs one."""
        sockets.require(*(remote_addr or ("", 0))[:2])
        return await super().create_datagram_endpoint(protocol_factory, local_addr, remote_addr, **options)

    async def sock_connect(self, sock: Any, address: Any) -> Any:
        if isinstance(address, tuple):
            sockets.require(str(address[0]), int(address[1]))
        return await super().sock_connect(sock, address)
