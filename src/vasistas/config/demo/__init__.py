"""The demo: people and their rooms, hosts that publish a picture of our own making, a chat that trickles."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings

from vasistas.config.demo import people, stage


@contextmanager
def scene(*, site_url: str, data: Path, hosts: int, announce: Callable[[str], None]) -> Iterator[None]:
    """Set the scene, put `hosts` of its hosts on air and let the others chat, until the block ends.

    What needs the site to answer waits for it in threads of its own, so the block may start the site.
    """
    password = people.password(data)
    people.arrive(password)
    stop = threading.Event()

    def open_doors() -> None:
        if stage.wait_until_ready(site_url, stop):
            announce(people.programme(settings.PUBLIC_URL, password))

    threads = [
        threading.Thread(target=open_doors, name="demo.doors", daemon=True),
        threading.Thread(target=stage.stills, args=(stop, hosts), name="demo.stills", daemon=True),
        threading.Thread(target=stage.tipping, args=(stop, hosts), name="demo.tipping", daemon=True),
        threading.Thread(target=stage.chatter, args=(stop, hosts), name="demo.chatter", daemon=True),
    ]
    with ExitStack() as parts:
        for room, picture in people.on_air(hosts):
            parts.enter_context(stage.synthetic_host(room, picture, site_url=site_url, data=data))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
