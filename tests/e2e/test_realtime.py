"""The page's side of the gateway in a real browser, over a restart of the process it is connected to."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import vasistas
from tools.servers import free_port
from vasistas import realtime
from vasistas.gateway.admission import Origins
from vasistas.gateway.server import Gateway, protocol_for
from vasistas.realtime import events, testing

STATIC = Path(vasistas.__file__).parent / "static"
PAGE = """<!doctype html><title>page</title><ol id=seen></ol><script type=module src=/page.js></script>"""
SCRIPT = """
import { connect } from "/static/vasistas/js/lib/realtime.js";
const line = (text) => Object.assign(document.createElement("li"), { textContent: text });
const note = (text) => document.querySelector("#seen").append(line(text));
const snapshot = async () => (await fetch("/snapshot")).json();
const { grant, epoch, offset } = await snapshot();
window.link = connect({
  url: "/realtime",
  channels: [{ channel: "room:1", grant, epoch, offset }],
  onEvent: (channel, tag, data) => note(`${tag} ${data.id}`),
  onReset: async () => { note("reset"); return snapshot(); },
  onStatus: note,
  refresh: async () => [{ channel: "room:1", grant: (await snapshot()).grant }],
});
"""


@contextlib.contextmanager
def serving(port: int) -> Iterator[None]:
    """One life of the process: its own bus, its own epochs."""
    with testing.captured():
        gateway = Gateway(bus=realtime.bus(), origins=Origins(frozenset(), frozenset({"127.0.0.1"})))

        def snapshot(_request: object) -> JSONResponse:
            position = realtime.position("room:1")
            return JSONResponse({**position._asdict(), "grant": realtime.grant(["room:1"], now=time.time())})

        app = Starlette(
            routes=[
                Route("/", lambda _request: HTMLResponse(PAGE)),
                Route("/page.js", lambda _request: HTMLResponse(SCRIPT, media_type="text/javascript")),
                Route("/snapshot", snapshot),
                Mount("/static", StaticFiles(directory=STATIC)),
            ]
        )
        config = uvicorn.Config(
            app, host="127.0.0.1", port=port, ws=protocol_for(gateway), loop="uvloop", log_config=None
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        wait_for_port(port)
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()


def wait_for_port(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("The server does not listen.")


def say(number: int) -> None:
    realtime.publish("room:1", events.MessageDeleted(id=number))


def test_a_page_hears_and_comes_back_after_a_restart(chromium: Browser) -> None:
    port = free_port(socket.SOCK_STREAM)
    context = chromium.new_context()
    page = context.new_page()
    seen = page.locator("#seen li")

    def expect(*texts: str) -> None:
        page.wait_for_function("count => document.querySelectorAll('#seen li').length >= count", arg=len(texts))
        assert seen.all_inner_texts() == list(texts)

    with serving(port):
        page.goto(f"http://127.0.0.1:{port}/")
        expect("connecting", "live")
        say(1)
        say(2)
        heard = ["connecting", "live", "chat.message.deleted 1", "chat.message.deleted 2"]
        expect(*heard)
    expect(*heard, "waiting")
    with serving(port):
        page.get_by_text("reset").wait_for()
        say(3)
        page.get_by_text("chat.message.deleted 3").wait_for()
        after = seen.all_inner_texts()[len(heard) :]
        assert [text for text in after if text not in {"connecting", "waiting"}] == [
            *("live", "reset", "chat.message.deleted 3")
        ]
        page.evaluate("link.close()")
        assert seen.all_inner_texts()[-1] == "closed"
    context.close()
