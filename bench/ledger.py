"""How fast the ledger moves money, on SQLite and on PostgreSQL beside `pgbench -N` on the same server in the same run.

A transfer is what a tip enters: a member's credits go to a host and to the platform, three entries, in a transaction
of its own under a purpose of its own. Writers are processes. Peer and ledger take turns; medians of the rounds. The
PostgreSQL waits for the disk at each commit, as a site's own does. One JSON line:
  sqlite_1_per_s, sqlite_8_per_s                transfers per second, one writer and eight at once
  postgres_1_per_s, postgres_8_per_s            the same; 200 members pay 50 hosts
  postgres_8_one_host_per_s                     all eight pay one host: each waits for that host's balance
  postgres_8_payments_per_s                     a member pays: consent, pause, limit and balance are asked as well
  …_p99_ms                                      99 of 100 took no longer
  pgbench_1_per_s, pgbench_8_per_s, …_p99_ms    simple-update: one UPDATE, one SELECT, one INSERT in a transaction
  pgbench_8_one_row_per_s                       the same, all eight on one row
  ratio_1, ratio_8, ratio_8_one_host            ours to pgbench's with as many writers, and as many on one row
`python bench/ledger.py [--quick]`. It fails when a transfer is lost or the books do not balance. Goals in GOALS_MIN.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import servers

GOALS_MIN = {"ratio_8": 0.3, "ratio_8_one_host": 0.3}
WRITERS = 8
MEMBERS, HOSTS = 200, 50
CREDITS, TIP, PLATFORM = 10**9, 100, 30  # minor units
ROUNDS, QUICK_ROUNDS = 5, 1
ROUND_S, QUICK_ROUND_S = 4, 2
PEER_SCALE = 10  # a million rows, so that its clients hardly ever meet
STOP_S = 10
ONE_ROW = r"""\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = 1;
SELECT abalance FROM pgbench_accounts WHERE aid = 1;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, 1, :delta, CURRENT_TIMESTAMP);
END;
"""  # what pgbench -N does, to one row

os.environ["DJANGO_SETTINGS_MODULE"] = "vasistas.config.settings"

type Figures = dict[str, float]


def set_up() -> None:
    import django  # noqa: PLC0415 — the folder of the site comes first

    django.setup()


# -- The site of the writers -------------------------------------------------------------------------------------------


def fill() -> None:
    """Make the tables, members with credits who switched paying on, and hosts; print their numbers."""
    set_up()
    from django.core.management import call_command  # noqa: PLC0415 — see set_up
    from django.utils import timezone  # noqa: PLC0415 — see set_up

    from vasistas.apps.wallet import operations as wallet  # noqa: PLC0415 — see set_up
    from vasistas.apps.wallet.rules import Leg  # noqa: PLC0415 — see set_up
    from vasistas.guard import keyring  # noqa: PLC0415 — see set_up
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see set_up

    call_command("migrate", interactive=False, verbosity=0)
    call_command("migrate", database=keyring.ALIAS, interactive=False, verbosity=0)
    at = timezone.now()
    with processing("rights"):
        subjects = [_arrived(f"Member {number}") for number in range(MEMBERS)]
        hosts = [wallet.account_of(_arrived(f"Host {number}"), "host").pk for number in range(HOSTS)]
        gifts, revenue = wallet.site_account("promotions").pk, wallet.site_account("revenue").pk
        members = []
        for subject in subjects:
            account = wallet.account_of(subject).pk
            legs = [Leg(gifts, -CREDITS), Leg(account, CREDITS)]
            wallet.post(key=f"fill:{account}", kind="given", legs=legs, at=at)
            members.append((subject, account))
    print(json.dumps({"members": members, "hosts": hosts, "revenue": revenue}))


def _arrived(name: str) -> int:
    """Make a member who switched paying on; return the subject's number."""
    from django.utils import timezone  # noqa: PLC0415 — see set_up

    from vasistas.apps.accounts.models import Member  # noqa: PLC0415 — see set_up
    from vasistas.apps.privacy import operations as privacy  # noqa: PLC0415 — see set_up
    from vasistas.apps.privacy.models import Consent  # noqa: PLC0415 — see set_up
    from vasistas.guard.policy import consents, get_policy  # noqa: PLC0415 — see set_up

    member = Member.objects.create_user(f"{name.replace(' ', '.').lower()}@example.org", name)
    digest = consents.text_hash(get_policy().consents["payments"], "en")
    said = privacy.Said(timezone.now(), "en", Consent.Source.ACCOUNT)
    privacy.give_consent(subject_id=member.subject_id, key="payments", channel="", text_hash=digest, said=said)
    return int(member.subject_id)


def acts(site: dict[str, Any]) -> dict[str, Callable[[str], None]]:
    """What a writer does, by name; each with a key of its own."""
    from django.utils import timezone  # noqa: PLC0415 — see set_up

    from vasistas.apps.wallet import operations as wallet  # noqa: PLC0415 — see set_up
    from vasistas.apps.wallet.rules import Leg  # noqa: PLC0415 — see set_up
    from vasistas.guard.purposes import NOBODY, processing, scope  # noqa: PLC0415 — see set_up

    members, hosts, revenue = site["members"], site["hosts"], site["revenue"]

    def transfer(key: str, host: int | None = None) -> None:
        _subject, payer = random.choice(members)
        legs = [Leg(payer, -TIP), Leg(host or random.choice(hosts), TIP - PLATFORM), Leg(revenue, PLATFORM)]
        with scope(lambda: NOBODY), processing("wallet"):
            wallet.post(key=key, kind="tip", legs=legs, at=timezone.now())

    def payment(key: str) -> None:
        subject, _payer = random.choice(members)
        legs = [Leg(random.choice(hosts), TIP - PLATFORM), Leg(revenue, PLATFORM)]
        with scope(lambda: NOBODY), processing("wallet"):
            wallet.spend(subject_id=subject, legs=legs, key=key, kind="tip", at=timezone.now())

    return {"transfer": transfer, "one_host": lambda key: transfer(key, hosts[0]), "payment": payment}


def write(site_file: str) -> None:
    """Be one writer: for each line `act seconds` do so, and print how long each took, ms."""
    set_up()
    known = acts(json.loads(Path(site_file).read_text()))
    print("ready", flush=True)
    for line in sys.stdin:
        name, seconds = line.split()
        act, took, prefix = known[name], [], f"{os.getpid()}:{time.time_ns()}"
        until = time.perf_counter() + float(seconds)
        while (began := time.perf_counter()) < until:
            act(f"{prefix}:{len(took)}")
            took.append(round((time.perf_counter() - began) * 1000, 3))
        print(json.dumps(took), flush=True)


def audit() -> None:
    """Print how many transfers stand; fail unless they balance."""
    set_up()
    from vasistas.apps.wallet import queries  # noqa: PLC0415 — see set_up
    from vasistas.apps.wallet.models import Transfer  # noqa: PLC0415 — see set_up
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see set_up

    with processing("prove"):
        off = sum(kind.balance for kind in queries.trial_balance())
        wrong = (off, queries.unbalanced_transfers(), queries.wrong_balances())
        if any(wrong):
            raise RuntimeError(f"The books do not balance: {wrong}.")
        print(json.dumps({"transfers": Transfer.objects.count()}))


class Site:
    """A site on one database, with writers that wait for work; how many transfers they entered."""

    def __init__(self, folder: Path, database: str) -> None:
        self._environment = {**os.environ, "VASISTAS_DATA": str(folder), "VASISTAS_DATABASE_URL": database}
        self._environment["VASISTAS_KEYS_DATABASE_URL"] = "sqlite:"
        self._site_file = folder / "site.json"
        self._site_file.write_text(self._run("fill"))
        self._entered = MEMBERS
        command = [sys.executable, __file__, "--as", "write", "--site", str(self._site_file)]
        self._writers = [
            subprocess.Popen(
                command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
            for _ in range(WRITERS)
        ]
        if any(self._line(one) != "ready" for one in self._writers):
            sys.exit("ledger: a writer did not start.")

    def _run(self, part: str) -> str:
        command = [sys.executable, __file__, "--as", part]
        return subprocess.run(command, check=True, env=self._environment, stdout=subprocess.PIPE, text=True).stdout

    @staticmethod
    def _line(writer: subprocess.Popen[str]) -> str:
        assert writer.stdout is not None
        return writer.stdout.readline().strip()

    def measure(self, act: str, writers: int, seconds: float) -> tuple[float, float]:
        """Let so many write at once; return transfers per second and the 99th percentile, ms."""
        chosen = self._writers[:writers]
        for writer in chosen:
            assert writer.stdin is not None
            writer.stdin.write(f"{act} {seconds}\n")
        took: list[float] = []
        for writer in chosen:
            took += json.loads(self._line(writer) or sys.exit("ledger: a writer failed; its reason stands above."))
        self._entered += len(took)
        return len(took) / seconds, percentile_99(took)

    def stop(self) -> None:
        """End the writers, and look whether all they entered is there."""
        for writer in self._writers:
            writer.communicate(timeout=STOP_S)
        found = json.loads(self._run("audit"))["transfers"]
        if found != self._entered:
            sys.exit(f"ledger: {self._entered} transfers were entered, {found} are there.")


def percentile_99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)] if took else 0.0


@contextmanager
def site(folder: Path, name: str, database: str) -> Iterator[Site]:
    own = folder / name
    own.mkdir()
    opened = Site(own, database)
    yield opened
    opened.stop()


# -- The peer ----------------------------------------------------------------------------------------------------------


def peer(address: str, clients: int, seconds: int, folder: Path, does: str = "-N") -> tuple[float, float]:
    """Run pgbench with a thread for each client; return transactions per second and the 99th percentile, ms."""
    log = folder / f"pgbench-{time.time_ns()}"
    options = [does, "--no-vacuum", f"--client={clients}", f"--jobs={clients}", f"--time={seconds}"]
    _pgbench(*options, "--log", f"--log-prefix={log}", address)
    took = [int(line.split()[2]) / 1000 for part in folder.glob(f"{log.name}.*") for line in part.open()]
    return len(took) / seconds, percentile_99(took)


def _pgbench(*arguments: str) -> None:
    programs = servers.postgres_folder()
    if programs is None or not (programs / "pgbench").is_file():
        sys.exit("ledger: pgbench is not installed; install Debian's package postgresql.")
    subprocess.run([programs / "pgbench", *arguments], check=True, capture_output=True)


# -- All of it ---------------------------------------------------------------------------------------------------------


def on_sqlite(folder: Path, rounds: int, seconds: int) -> Figures:
    with site(folder, "sqlite", "sqlite:") as ours:
        every = [
            {f"sqlite_{writers}": ours.measure("transfer", writers, seconds) for writers in (1, WRITERS)}
            for _ in range(rounds)
        ]
    return middle(every)


def on_postgres(folder: Path, rounds: int, seconds: int) -> Figures:
    with servers.postgres(is_durable=True) as address:
        _pgbench("--initialize", "--quiet", f"--scale={PEER_SCALE}", address)
        one_row = folder / "one_row.sql"
        one_row.write_text(ONE_ROW)
        with site(folder, "postgres", address) as ours:
            every = [
                {
                    "pgbench_1": peer(address, 1, seconds, folder),
                    "postgres_1": ours.measure("transfer", 1, seconds),
                    "pgbench_8": peer(address, WRITERS, seconds, folder),
                    "postgres_8": ours.measure("transfer", WRITERS, seconds),
                    "pgbench_8_one_row": peer(address, WRITERS, seconds, folder, f"--file={one_row}"),
                    "postgres_8_one_host": ours.measure("one_host", WRITERS, seconds),
                    "postgres_8_payments": ours.measure("payment", WRITERS, seconds),
                }
                for _ in range(rounds)
            ]
    ratios = {
        f"ratio_{name}": statistics.median(one[f"postgres_{name}"][0] / one[f"pgbench_{peers}"][0] for one in every)
        for name, peers in (("1", "1"), ("8", "8"), ("8_one_host", "8_one_row"))
    }
    return middle(every) | {name: round(ratio, 3) for name, ratio in ratios.items()}


def middle(rounds: list[dict[str, tuple[float, float]]]) -> Figures:
    """The medians of the rounds: transfers per second, and the 99th percentiles."""
    figures: Figures = {}
    for name in rounds[0]:
        figures[f"{name}_per_s"] = round(statistics.median(one[name][0] for one in rounds))
        figures[f"{name}_p99_ms"] = round(statistics.median(one[name][1] for one in rounds), 2)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="Transfers per second, beside pgbench; a JSON line.")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--as", dest="part", choices=["fill", "write", "audit"], help=argparse.SUPPRESS)
    parser.add_argument("--site", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "write":
        write(options.site)
    elif options.part:
        {"fill": fill, "audit": audit}[options.part]()
    else:
        rounds, seconds = (QUICK_ROUNDS, QUICK_ROUND_S) if options.quick else (ROUNDS, ROUND_S)
        with tempfile.TemporaryDirectory(prefix="vasistas-bench-") as folder:
            figures = on_sqlite(Path(folder), rounds, seconds) | on_postgres(Path(folder), rounds, seconds)
        load = round(os.getloadavg()[0], 1)
        met = all(figures[name] >= goal for name, goal in GOALS_MIN.items())
        print(json.dumps({"bench": "ledger", **figures, "load_average": load, "goals": GOALS_MIN, "met": met}))
        for name, goal in GOALS_MIN.items():
            if figures[name] < goal:
                print(f"ledger: {name} {figures[name]}, goal at least {goal}.", file=sys.stderr)


if __name__ == "__main__":
    main()
