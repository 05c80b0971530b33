"""What moves in the demo: synthetic hosts as processes of their own, and members who say something now and then."""

import logging
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from django.db import close_old_connections
from django.utils import timezone

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat import operations as chat
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms import queries
from vasistas.apps.rooms.models import Broadcast, Room
from vasistas.config.demo import money
from vasistas.config.demo.people import on_air
from vasistas.guard.purposes import processing
from vasistas.lib.errors import DomainError
from vasistas.media import synthetic

READY_POLL_S = 0.2
PAUSE_S = (5.0, 14.0)  # between two lines of chat
TIP_PAUSE_S = (12.0, 30.0)  # between two tips
OPENING_LINES = 6  # come quickly, so that the first visitor finds a conversation
OPENING_PAUSE_S = 1.0
STILL_EVERY_S = 8.0  # as a host's browser sends its thumbnails
STILL_FIRST_S = 2.0
STOP_S = 5.0

LINES = (
    ("Vi", "Good evening, everyone."),
    ("Max", "First time here. This is lovely."),
    ("Vi", "The colours today!"),
    ("Bo", "Welcome, Max. Say hello when you like."),
    ("Max", "How long does it stay on?"),
    ("Bo", "Around the clock."),
    ("Stu", "Sound is clear on this side."),
    ("Vi", "I leave this open while I work."),
    ("Max", "The picture is nearly instant, I timed it against the clock."),
    ("Vi", "Look, top left!"),
    ("Stu", "Nicely lit."),
    ("Max", "Following this room from now on."),
)

logger = logging.getLogger(__name__)


def wait_until_ready(site_url: str, stop: threading.Event) -> bool:
    """Return True once the site answers, False when it is being stopped first."""
    while not stop.wait(READY_POLL_S):
        try:
            if httpx.get(f"{site_url}/livez", timeout=2, trust_env=False).status_code == httpx.codes.OK:
                return True
        except httpx.HTTPError:
            continue
    return False


@contextmanager
def synthetic_host(room: Room, picture: str, *, site_url: str, data: Path) -> Iterator[None]:
    """Let a process publish `picture` into the room through the real WHIP path, with a fresh stream key."""
    key_file = data / "secrets" / f"stream_key_{room.slug}"
    key_file.touch(mode=0o600)
    with processing("host"):
        key_file.write_text(rooms.rotate_stream_key(room=room, at=timezone.now()))
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "vasistas.media.synthetic", "--whip", f"{site_url}/whip"),
            *("--key-file", str(key_file), "--scene", picture, "--title", room.title),
            *("--parent", str(os.getpid())),
        ],
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C ends it through us, in order
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def stills(stop: threading.Event, hosts: int) -> None:
    """Give every live demo room its thumbnail; a host's browser does that, and these hosts have none."""
    wait_s = STILL_FIRST_S
    while not stop.wait(wait_s):
        try:
            close_old_connections()
            taken = [_take_still(room, picture) for room, picture in on_air(hosts)]
            wait_s = STILL_EVERY_S if all(taken) else STILL_FIRST_S
        except Exception:
            logger.exception("demo.stills_failed")


@processing("rooms")
def _take_still(room: Room, picture: str) -> bool:
    """Tell whether a thumbnail was saved: not off air, nor when a visitor of the demo is on air with a camera."""
    broadcast = queries.open_broadcast(room)
    if broadcast is None or broadcast.ingest != Broadcast.Ingest.WHIP:
        return False
    try:
        rooms.save_thumbnail(room=room, data=synthetic.still(picture, t=time.monotonic()), at=timezone.now())
    except DomainError:
        return False  # the room went off air meanwhile
    return True


def chatter(stop: threading.Event, hosts: int) -> None:
    """Say a line in the live demo rooms every few seconds until stopped; the first ones soon after they go live."""
    said = 0
    while not stop.wait(OPENING_PAUSE_S if said < OPENING_LINES else random.uniform(*PAUSE_S)):  # noqa: S311 — a pause
        name, text = LINES[said % len(LINES)]
        try:
            close_old_connections()
            said += 1 if _say(name, text, hosts) else 0
        except (DomainError, Member.DoesNotExist):
            said += 1  # slow mode, a mute, a limit or a change of name by a visitor of the demo
        except Exception:
            logger.exception("demo.chatter_failed")


@processing("chat")
def _say(name: str, text: str, hosts: int) -> bool:
    """Let one of the cast say a line wherever someone is live; tell whether anyone is."""
    author = Member.objects.shown().get(display_name=name)
    live = [room for room, _picture in on_air(hosts) if room.is_on_air]
    for room in live:
        chat.say(room=room, author=author, text=text, at=timezone.now())
    return bool(live)


def tipping(stop: threading.Event, hosts: int) -> None:
    """Tip in the live demo rooms now and then until stopped."""
    given = 0
    while not stop.wait(random.uniform(*TIP_PAUSE_S)):  # noqa: S311 — a pause
        given += 1
        try:
            close_old_connections()
            _tip_everywhere(given, hosts)
        except (DomainError, Member.DoesNotExist):
            continue  # off air, a ban, or a change of name by a visitor of the demo
        except Exception:
            logger.exception("demo.tipping_failed")


@processing("rooms")
def _tip_everywhere(number: int, hosts: int) -> None:
    for room, _picture in on_air(hosts):
        if room.is_on_air:
            money.tip(room, number)
