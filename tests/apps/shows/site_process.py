"""A site of its own for a test that kills processes: `worker` runs the loops until it is killed, `site` does what it is
told by JSON lines on standard input. Both are processes of their own on one folder, as web and worker may be.
"""

import json
import os
import secrets
import sys
import threading
from datetime import timedelta

import django

GRACE_S = 3  # so that the test need not wait for thirty


def main() -> None:
    django.setup()
    from vasistas.apps.shows import rules  # noqa: PLC0415 — needs django.setup()

    rules.GRACE = timedelta(seconds=GRACE_S)
    {"worker": work, "site": obey}[sys.argv[1]]()


def work() -> None:
    """The two loops of the real worker that shows stand on."""
    from django.utils import timezone  # noqa: PLC0415 — see above

    from vasistas import media  # noqa: PLC0415 — see above
    from vasistas.apps.rooms import tasks  # noqa: PLC0415 — see above
    from vasistas.apps.shows import tasks as shows  # noqa: PLC0415 — see above
    from vasistas.config import worker  # noqa: PLC0415 — see above

    stop = threading.Event()
    threading.Thread(target=tasks.follow_media, args=(media.get_port(), stop), daemon=True).start()
    worker.repeat(worker.Job(shows.Clock().tick, shows.TICK_EVERY_S, 0.0), stop=stop, clock=timezone.now)


def obey() -> None:
    from django.core.management import call_command  # noqa: PLC0415 — see above

    call_command("migrate", verbosity=0, database="keys")
    call_command("migrate", verbosity=0)
    acts = Acts()
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"result": getattr(acts, order.pop("act"))(**order)}
        except Exception as error:  # noqa: BLE001 — the test shall see whatever it is
            answer = {"error": repr(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


class Acts:
    """What people do, through the product's own operations."""

    def arrange(self, credits_minor: int) -> None:
        from django.utils import timezone  # noqa: PLC0415 — needs django.setup()

        from tests.factories.accounts import make_member  # noqa: PLC0415 — see above
        from tests.factories.providers import make_host  # noqa: PLC0415 — see above
        from tests.factories.rooms import make_room  # noqa: PLC0415 — see above
        from tests.factories.shows import give_credits, open_offer  # noqa: PLC0415 — see above
        from vasistas.guard.purposes import processing  # noqa: PLC0415 — see above

        with processing("maintain", reason="the cast of a test"):
            self.ada, self.vi = (make_member(name, password=None) for name in ("Ada", "Vi"))
            self.room = make_room(make_host(self.ada))
            give_credits(self.vi, credits_minor, timezone.now() - timedelta(minutes=1))
            open_offer(self.room)

    def go_live(self, offer: str) -> dict[str, str]:
        from django.utils import timezone  # noqa: PLC0415 — see above

        from vasistas.apps.rooms import operations as rooms  # noqa: PLC0415 — see above
        from vasistas.guard.purposes import processing  # noqa: PLC0415 — see above

        session = secrets.token_hex(16)
        with processing("host"):
            answer = rooms.go_live(
                room=self.room, session=session, offer=offer, ingest="browser", takeover=True, at=timezone.now()
            )
        return {"session": session, "sdp": answer.sdp}

    def state(self) -> str:
        from vasistas.guard.purposes import processing  # noqa: PLC0415 — see above

        with processing("rooms"):
            self.room = type(self.room).objects.with_host().get(pk=self.room.pk)
            return str(self.room.state)

    def start(self, minutes: int) -> None:
        from django.utils import timezone  # noqa: PLC0415 — see above

        from tests.factories.shows import ask  # noqa: PLC0415 — see above
        from vasistas.apps.shows import operations as shows  # noqa: PLC0415 — see above
        from vasistas.guard.purposes import processing  # noqa: PLC0415 — see above

        with processing("shows"):
            asked = ask(self.room, self.vi, timezone.now(), minutes=minutes)
            self.show = shows.accept(show=asked, host=self.ada, at=timezone.now())

    def watch(self, offer: str) -> dict[str, str]:
        from django.utils import timezone  # noqa: PLC0415 — see above

        from vasistas.apps.rooms import operations as rooms  # noqa: PLC0415 — see above
        from vasistas.apps.rooms import queries  # noqa: PLC0415 — see above
        from vasistas.apps.rooms.rules import Viewer  # noqa: PLC0415 — see above
        from vasistas.guard.purposes import processing  # noqa: PLC0415 — see above

        session = secrets.token_hex(16)
        with processing("rooms"):
            room = queries.get_room_for(Viewer(self.vi), self.room.slug)
            subject_id = self.vi.subject_id
            answer = rooms.watch(room=room, session=session, offer=offer, subject_id=subject_id, at=timezone.now())
        return {"session": session, "sdp": answer.sdp}

    def books(self) -> dict[str, object]:
        """How the show and the ledger stand."""
        from vasistas.apps.shows import queries  # noqa: PLC0415 — see above
        from vasistas.apps.shows.models import Show  # noqa: PLC0415 — see above
        from vasistas.apps.wallet import queries as wallet  # noqa: PLC0415 — see above
        from vasistas.guard.purposes import processing  # noqa: PLC0415 — see above

        with processing("maintain", reason="a test looks"):
            show = Show.objects.get(pk=self.show.pk)
            seat = queries.seat_of(show, self.vi)
            return {
                "state": show.state,
                "charged": seat.charged_minor if seat else None,
                "delivered_s": seat.delivered_s if seat else None,
                "balance": wallet.balance_of(self.vi.subject_id),
                "held": wallet.balance_of(self.vi.subject_id, "hold"),
                "sum": sum(kind.balance for kind in wallet.trial_balance()),
                "wrong": wallet.wrong_balances() + wallet.unbalanced_transfers(),
            }


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
