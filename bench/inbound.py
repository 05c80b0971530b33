"""How fast mails become conversations, and what is lost when the database is away; on a PostgreSQL of its own.

A receiver and one worker, each a process, as the site runs them; eight senders by SMTP, each mail of a stranger of its
own, a tenth with a file. Then the same again, and the database crashes in the middle and is away for 10 s: a sender who
is told 451 comes again, as mail servers do. One JSON line:
  accepted_per_s          acknowledged, from the first mail to the last 250
  conversations_per_s     from the first mail until the last of them is a conversation
  away_s, put_off         how long the database was away; how often a sender was told to come again
  acknowledged, found     of the second round; lost: of the acknowledged, those that are no conversation
  doubled                 mails that became more than one
`python bench/inbound.py [--quick]`: a fifth of the mails. Goals in GOALS_MAX and GOALS_MIN.
"""

import argparse
import json
import os
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import bulletins
from tools import servers

GOALS_MAX = {"lost": 0, "doubled": 0}
GOALS_MIN = {"conversations_per_s": 50}
MAILS, QUICK_MAILS = 2_000, 400
SENDERS = 8
MAILS_PER_CONNECTION = 50
FILE_BYTES = 50_000
AWAY_S = 10.0
COME_AGAIN_S = 0.5  # mail servers wait for minutes; a bench does not
PATIENCE_S = 300.0
POLL_S = 0.05
TRIES_MAX = 10  # of counting
OPERATOR = "help@cams.example"

os.environ["DJANGO_SETTINGS_MODULE"] = "vasistas.config.settings"


def set_up() -> None:
    import django  # noqa: PLC0415 — the folder of the site comes first

    django.setup()


# -- Inside the site ---------------------------------------------------------------------------------------------------


def migrate() -> None:
    set_up()
    from django.core.management import call_command  # noqa: PLC0415 — see set_up

    from vasistas.guard import keyring  # noqa: PLC0415 — see set_up

    call_command("migrate", interactive=False, verbosity=0)
    call_command("migrate", database=keyring.ALIAS, interactive=False, verbosity=0)


def receive() -> None:
    """Be the receiver, until a line comes."""
    set_up()
    from vasistas.config import receiving  # noqa: PLC0415 — see set_up

    with receiving.listening("127.0.0.1"):
        print("ready", flush=True)
        sys.stdin.readline()


def work() -> None:
    """Be the worker's loop for mails, until a line comes."""
    set_up()
    from django.utils import timezone  # noqa: PLC0415 — see set_up

    from vasistas.config import worker  # noqa: PLC0415 — see set_up

    stop = threading.Event()
    jobs = [worker.jobs()[name] for name in ("support.read", "support.send")]
    more = {"stop": stop, "clock": timezone.now}
    threads = [threading.Thread(target=worker.repeat, args=(job,), kwargs=more) for job in jobs]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.readline()
    stop.set()
    for thread in threads:
        thread.join()


def count() -> None:
    """For each line, print how many mails wait, and how many conversations there are; for "all", their titles too."""
    set_up()
    from django.db import OperationalError, connection  # noqa: PLC0415 — see set_up

    from vasistas.apps.support.models import RawMail, Ticket  # noqa: PLC0415 — see set_up
    from vasistas.guard.purposes import NOBODY, processing, scope  # noqa: PLC0415 — see set_up

    def counted(*, has_titles: bool) -> list[object]:
        with scope(lambda: NOBODY), processing("intake"):
            rows = Ticket.objects.only("title", "row_key", "subject") if has_titles else []
            return [RawMail.objects.count(), Ticket.objects.count(), [str(one.title) for one in rows]]

    print("ready", flush=True)
    for line in sys.stdin:
        for _try in range(TRIES_MAX):
            try:
                figures = counted(has_titles=line.strip() == "all")
                break
            except OperationalError:  # a connection from before the crash; the pool may have several
                connection.close()
        print(json.dumps(figures), flush=True)


# -- Outside -----------------------------------------------------------------------------------------------------------


class Site:
    """A site on one database that takes mails on a port of this machine, and sends its receipts to another."""

    def __init__(self, folder: Path, database: str, smtp_port: int) -> None:
        self.port = servers.free_port()
        own = {"DATA": str(folder), "DATABASE_URL": database, "KEYS_DATABASE_URL": "sqlite:"}
        own |= {"MAIL_IN_PORT": str(self.port), "MAIL_IN_DOMAIN": "in.cams.example", "OPERATOR_MAIL": OPERATOR}
        own["SMTP_URL"] = f"smtp://127.0.0.1:{smtp_port}?tls=none"
        self._environment = {**os.environ, **{f"VASISTAS_{name}": value for name, value in own.items()}}
        subprocess.run([*self._command("migrate")], check=True, env=self._environment)

    def _command(self, part: str) -> list[str]:
        return [sys.executable, __file__, "--as", part]

    def start(self, part: str) -> "subprocess.Popen[str]":
        command, pipe = self._command(part), subprocess.PIPE
        process = subprocess.Popen(command, env=self._environment, text=True, stdin=pipe, stdout=pipe)
        if ask(process) != "ready":
            sys.exit(f"inbound: {part} did not start.")
        return process


def ask(process: "subprocess.Popen[str]", line: str = "") -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    if line:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    return process.stdout.readline().strip()


def mail(name: str, *, has_file: bool) -> bytes:
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = f"Max <{name}@example.org>", OPERATOR, name
    made["Message-ID"] = f"<{name}@example.org>"
    made.set_content("The picture is black since this morning, in two browsers.\n" * 20)
    if has_file:
        paper = b"%PDF-1.7\n" + os.urandom(FILE_BYTES)
        made.add_attachment(paper, maintype="application", subtype="pdf", filename="a.pdf")
    return made.as_bytes()


class Senders:
    """Mail servers of strangers: each sends its share, and comes again with what is put off."""

    def __init__(self, port: int, names: list[str]) -> None:
        self.acknowledged: list[str] = []
        self.put_off = 0
        self._port = port
        self._shares = [names[number::SENDERS] for number in range(SENDERS)]
        self._threads = [threading.Thread(target=self._send, args=(share,)) for share in self._shares]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _send(self, share: list[str]) -> None:
        waiting = [(name, mail(name, has_file=number % 10 == 0)) for number, name in enumerate(share)]
        while waiting:
            with smtplib.SMTP("127.0.0.1", self._port, timeout=60) as server:
                server.ehlo("mx.example")
                for _number in range(min(MAILS_PER_CONNECTION, len(waiting))):
                    name, raw = waiting.pop(0)
                    server.mail(f"{name}@example.org")
                    server.rcpt(OPERATOR)
                    code, _sentence = server.data(raw)
                    if code == 250:
                        self.acknowledged.append(name)
                    elif code != 451:
                        sys.exit(f"inbound: a mail was refused with {code}.")
                    else:
                        self.put_off += 1
                        waiting.append((name, raw))
                        time.sleep(COME_AGAIN_S)


def until_read(counter: "subprocess.Popen[str]", conversations: int) -> None:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        waiting, found = json.loads(ask(counter, "count"))[:2]
        if waiting == 0 and found >= conversations:
            return
        time.sleep(POLL_S)
    print("inbound: not all mails were read in time.", file=sys.stderr)


def measure(mails: int) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory(prefix="vasistas-bench-") as folder,
        servers.postgres_server(is_durable=True) as base,
        bulletins.Sink() as sink,
    ):
        site = Site(Path(folder), base.address, sink.port)
        processes = {part: site.start(part) for part in ("receive", "work", "count")}
        counter = processes["count"]
        try:
            figures = throughput(site, counter, [f"a{number}" for number in range(mails)])
            figures |= outage(site, counter, [f"b{number}" for number in range(mails)], base.crash, base.start)
        finally:
            for process in processes.values():
                process.communicate("\n" if process is not counter else None)
    return figures


def throughput(site: Site, counter: "subprocess.Popen[str]", names: list[str]) -> dict[str, float]:
    senders = Senders(site.port, names)
    began = time.perf_counter()
    senders.start()
    senders.join()
    accepted_s = time.perf_counter() - began
    until_read(counter, len(names))
    read_s = time.perf_counter() - began
    rates = {"accepted_per_s": len(names) / accepted_s, "conversations_per_s": len(names) / read_s}
    return {"mails": len(names), **{name: round(rate, 1) for name, rate in rates.items()}}


def outage(
    site: Site,
    counter: "subprocess.Popen[str]",
    names: list[str],
    crash: Callable[[], None],
    start: Callable[[], None],
) -> dict[str, float]:
    """Take the database away once a third is acknowledged."""
    senders = Senders(site.port, names)
    before = json.loads(ask(counter, "count"))[1]
    senders.start()
    while len(senders.acknowledged) < len(names) // 3:
        time.sleep(POLL_S)
    crash()
    began = time.perf_counter()
    time.sleep(AWAY_S)
    start()
    away_s = time.perf_counter() - began
    senders.join()
    until_read(counter, before + len(names))
    titles = Counter(json.loads(ask(counter, "all"))[2])
    found = {name for name in names if titles[name]}
    return {
        "away_s": round(away_s, 1),
        "put_off": senders.put_off,
        "acknowledged": len(senders.acknowledged),
        "found": len(found),
        "lost": len(set(senders.acknowledged) - found),
        "doubled": sum(titles[name] > 1 for name in names),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Mails that come in: how fast, and whether any is lost; a JSON line.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the mails")
    parser.add_argument("--as", dest="part", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        {"migrate": migrate, "receive": receive, "work": work, "count": count}[options.part]()
        return
    figures = measure(QUICK_MAILS if options.quick else MAILS)
    met = all(figures[name] <= goal for name, goal in GOALS_MAX.items())
    met = met and all(figures[name] >= goal for name, goal in GOALS_MIN.items())
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"bench": "inbound", **figures, "load_average": load, "goals": GOALS_MAX | GOALS_MIN, "met": met}))
    for name, goal in {**GOALS_MAX, **GOALS_MIN}.items():
        print(f"inbound: {name} {figures[name]}, goal {goal}.", file=sys.stderr)


if __name__ == "__main__":
    main()
