"""What guarding costs: queries with the guard beside the same queries without it, seals, the read log, the chain.

Two processes with a SQLite database each take turns, one with the guard and one without: no gate on the connection, and
`from_db` as Django has it. CPU time of the asking thread counts, and the median of the rounds' ratios. One JSON line:
  get_overhead_ratio, list_overhead_ratio      get() of one member; a list of 1,000 rows; purpose whose reads are noted
  staff_get_us, staff_get_logged_us            get() of a room by staff as a request of its own; the same with its entry
  read_entry_us                                one entry, amortised over 1,000 written together
  seal_us, open_us                             200 bytes of text, warm key, with all checks of opening
  chain_entries_per_s                          verified from the stored rows, signatures included
`python bench/guard.py [--quick]`. Goals are in GOALS.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

GOALS_MAX = {
    "get_overhead_ratio": 1.05,
    "list_overhead_ratio": 1.08,
    "read_entry_us": 10.0,
    "seal_us": 5.0,
    "open_us": 5.0,
}
GOALS_MIN = {"chain_entries_per_s": 300_000.0}
GETS, STAFF_GETS, LIST_ROWS, LISTS = 300, 50, 1_000, 6  # in one round
WARM_ROUNDS, ROUNDS, QUICK_ROUNDS = 3, 61, 15
STOP_S = 10
ENTRIES, SEALS = 1_000, 8_000
CHAIN_ENTRIES, QUICK_CHAIN_ENTRIES = 300_000, 60_000
CHAIN_ROUNDS = 3
TEXT = "When the window opens, one sees and is seen. " * 5
TEXT_BYTES = 200


os.environ["DJANGO_SETTINGS_MODULE"] = "vasistas.config.settings"


def cpu_s(act: Callable[[], Any]) -> float:
    began = time.thread_time()
    act()
    return time.thread_time() - began


def prepare() -> dict[str, Any]:
    """Make the tables, one member, and 1,000 sessions of theirs."""
    import django  # noqa: PLC0415 — the folder of the site comes first

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 — see above
    from django.utils import timezone  # noqa: PLC0415 — see above

    from vasistas.apps.accounts.models import Member  # noqa: PLC0415 — see above
    from vasistas.apps.providers.models import Host  # noqa: PLC0415 — see above
    from vasistas.apps.rooms.models import Room, WatchSession  # noqa: PLC0415 — see above
    from vasistas.guard import keyring  # noqa: PLC0415 — see above
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see above

    call_command("migrate", interactive=False, verbosity=0)
    call_command("migrate", database=keyring.ALIAS, interactive=False, verbosity=0)
    now = timezone.now()
    with processing("rights"):
        vi = Member.objects.create_user("vi@example.org", "Vi")
        ada = Member.objects.create_user("ada@example.org", "Ada")
        host = Host.objects.create(member=ada, agreed_at=now)
        room = Room.objects.create(host=host, slug="ada", title="Ada", category="music", state_at=now, created_at=now)
        WatchSession.objects.bulk_create(
            WatchSession(room=room, session=f"{number:032x}", subject_id=vi.subject_id, started_at=now)
            for number in range(LIST_ROWS)
        )
    return {"member": vi, "room": room, "at": now}


# -- Queries -----------------------------------------------------------------------------------------------------------


def take_guard_off() -> None:
    """No gate on the connection, and every model's `from_db` as Django has it; for the rest of this process."""
    from django.apps import apps  # noqa: PLC0415 — see prepare
    from django.db import connection  # noqa: PLC0415 — see prepare

    connection.execute_wrappers.clear()
    for model in apps.get_models(include_auto_created=True):
        if "from_db" in model.__dict__:
            del model.from_db


def acts(site: dict[str, Any]) -> dict[str, Callable[[], None]]:
    """The queries by name, each as often as it counts in one round."""
    from vasistas.apps.accounts.models import Member  # noqa: PLC0415 — see prepare
    from vasistas.apps.rooms.models import Room, WatchSession  # noqa: PLC0415 — see prepare
    from vasistas.guard import purposes  # noqa: PLC0415 — see prepare

    member, room = site["member"], site["room"]
    herself, sam = purposes.Actor("member", member.subject_id), purposes.Actor("staff", None)

    def get() -> None:
        for _ in range(GETS):
            Member.objects.get(pk=member.pk)

    def rows() -> None:
        for _ in range(LISTS):
            list(WatchSession.objects.filter(room_id=room.pk))

    def staff_get() -> None:
        for _ in range(STAFF_GETS):
            with purposes.scope(lambda: sam), purposes.processing("staff", "a case"):
                Room.objects.only("title", "state").get(pk=room.pk)

    def stated(act: Callable[[], None]) -> Callable[[], None]:
        def under() -> None:
            with purposes.scope(lambda: herself), purposes.processing("rights"):
                act()

        return under

    return {"get": stated(get), "list": stated(rows), "staff_get": staff_get}


def work(*, is_guarded: bool) -> None:
    """Be one of the two sides: for each name on stdin, run it and print the CPU seconds it took."""
    site = prepare()
    known = acts(site)
    if not is_guarded:
        take_guard_off()
    print("ready", flush=True)
    for line in sys.stdin:
        print(cpu_s(known[line.strip()]), flush=True)


class Side:
    """A process with the guard on or off, and a database of its own."""

    def __init__(self, name: str, folder: str) -> None:
        command = [sys.executable, __file__, "--side", name]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "VASISTAS_DATA": folder},
        )
        if self._read() != "ready":
            sys.exit(f"guard: the {name} side did not start.")

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def run(self, act: str) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(act + "\n")
        self._process.stdin.flush()
        return float(self._read())

    def stop(self) -> None:
        self._process.communicate(timeout=STOP_S)


def queries(rounds: int) -> dict[str, float]:
    """Let both sides take turns; the ratio is the median over the rounds, of one round's sides."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        guarded, bare = Side("guarded", one), Side("bare", other)
        times: dict[str, list[tuple[float, float]]] = {}
        for _ in range(WARM_ROUNDS + rounds):
            for act in ("get", "list", "staff_get"):
                pair = (guarded.run(act), bare.run(act))
                times.setdefault(act, []).append(pair)
        guarded.stop()
        bare.stop()
    found: dict[str, float] = {}
    for act, count in (("get", GETS), ("list", LISTS)):
        pairs = times[act][WARM_ROUNDS:]
        found[f"{act}_us"] = statistics.median(pair[1] for pair in pairs) / count * 1e6
        found[f"{act}_overhead_ratio"] = statistics.median(pair[0] / pair[1] for pair in pairs)
    staff = times["staff_get"][WARM_ROUNDS:]
    found["staff_get_us"] = statistics.median(pair[1] for pair in staff) / STAFF_GETS * 1e6
    found["staff_get_logged_us"] = statistics.median(pair[0] for pair in staff) / STAFF_GETS * 1e6
    return found


# -- Seals -------------------------------------------------------------------------------------------------------------


def seals(site: dict[str, Any]) -> dict[str, float]:
    from django.db import transaction  # noqa: PLC0415 — see prepare

    from vasistas.apps.chat.models import Message  # noqa: PLC0415 — see prepare
    from vasistas.guard import keyring, purposes  # noqa: PLC0415 — see prepare

    text = TEXT.encode()[:TEXT_BYTES].decode()
    with purposes.processing("chat"), transaction.atomic():
        message = Message.objects.create(room=site["room"], author=site["member"], text=text, said_at=site["at"])
        message = Message.objects.get(pk=message.pk)
        field: Any = Message._meta.get_field("text")
        handle = site["member"].subject.key_handle

        def seal() -> None:
            for _ in range(SEALS):
                field.seal_with(keyring.data_key(handle, field.key_class), message, text)

        def opened() -> None:
            for _ in range(SEALS):
                message.text  # noqa: B018 — reading it opens it

        if message.text != text:
            sys.exit("guard: what was sealed did not open.")
        return {"seal_us": _median_us(seal, SEALS), "open_us": _median_us(opened, SEALS)}


def _median_us(act: Callable[[], None], count: int, rounds: int = 15) -> float:
    """Median CPU µs of one, over some rounds."""
    return statistics.median(cpu_s(act) for _ in range(rounds)) / count * 1e6


# -- The read log ------------------------------------------------------------------------------------------------------


def log(entries: int) -> dict[str, float]:
    from django.utils import timezone  # noqa: PLC0415 — see prepare

    from vasistas.guard import purposes  # noqa: PLC0415 — see prepare
    from vasistas.guard.reads import entries as written  # noqa: PLC0415 — see prepare
    from vasistas.guard.reads import operations, verify  # noqa: PLC0415 — see prepare

    at = timezone.now()
    number = iter(range(10**9))

    def drafts() -> list[Any]:
        reader = "0f8fad5b-d9cb-469f-a165-70867728950e"
        return [
            written.Draft(
                "staff", "a case", "staff", reader, f"{next(number):036d}", "accounts.Member: display_name", 1
            )
            for _ in range(ENTRIES)
        ]

    with purposes.processing("audit"):
        batches = [drafts() for _ in range(entries // ENTRIES)]
        entry_us = statistics.median(cpu_s(lambda one=one: written.write(one, at=at)) for one in batches)
        operations.seal_pending(at=at)
        found: list[Any] = []
        seconds = min(cpu_s(lambda: found.append(verify.verify(at=at))) for _ in range(CHAIN_ROUNDS))
        counts = {verified.entries for verified in found if verified.is_sound}
        if len(counts) != 1 or min(counts) < entries:
            sys.exit("guard: the chain did not verify.")
    return {"read_entry_us": entry_us / ENTRIES * 1e6, "chain_entries_per_s": min(counts) / seconds}


def misses(found: dict[str, float]) -> list[str]:
    above = [f"{key} {found[key]:.3g}, goal at most {goal:g}." for key, goal in GOALS_MAX.items() if found[key] > goal]
    below = [f"{key} {found[key]:.3g}, goal at least {goal:g}." for key, goal in GOALS_MIN.items() if found[key] < goal]
    return above + below


def main() -> int:
    parser = argparse.ArgumentParser(description="What guarding personal data costs; a JSON line.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, a chain of 60,000 entries")
    parser.add_argument("--side", choices=["guarded", "bare"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        work(is_guarded=options.side == "guarded")
        return 0
    with tempfile.TemporaryDirectory(prefix="vasistas-bench-") as folder:
        os.environ["VASISTAS_DATA"] = folder
        found = queries(QUICK_ROUNDS if options.quick else ROUNDS)
        found |= seals(prepare())
        found |= log(QUICK_CHAIN_ENTRIES if options.quick else CHAIN_ENTRIES)
    missed = misses(found)
    figures = {key: round(value, 4 if key.endswith("ratio") else 2) for key, value in found.items()}
    load = round(os.getloadavg()[0], 1)
    goals = {**GOALS_MAX, **GOALS_MIN}
    print(json.dumps({"bench": "guard", **figures, "load_average": load, "goals": goals, "met": not missed}))
    for sentence in missed:
        print(f"guard: {sentence}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
