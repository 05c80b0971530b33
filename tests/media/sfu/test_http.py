"""The control API alone, where a real client cannot be made to do it at the right moment."""

import asyncio
import time

from vasistas.lib import grants
from vasistas.media.sfu import http

KEY = b"a key for tests that is long enough for HS256"


class Nobody:
    """A node that is never reached."""

    play = None


def test_a_client_that_dies_while_it_sends_is_no_error_of_ours():
    app = http.make_app(lambda: None, key=KEY)
    app.state.node = Nobody()
    claims = {"act": "play", "room": "dead", "session": "5e55"}
    grant = grants.sign(claims, audience="media", ttl_s=30, key=KEY, now=time.time())
    headers = [(b"authorization", f"Bearer {grant}".encode()), (b"content-type", b"application/sdp")]
    scope = {"type": "http", "method": "POST", "path": "/whep", "headers": headers, "query_string": b""}
    messages = iter([{"type": "http.request", "body": b"v=0\r\n", "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive():
        return next(messages)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))

    assert [message.get("status") for message in sent] == [400, None]  # to nobody; the log stays quiet
