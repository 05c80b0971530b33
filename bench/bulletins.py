"""How fast bulletins find their readers, and how fast an objection ends them; on a PostgreSQL of its own.

1,000,000 subjects with a confirmed address each: 800,000 consented to the topic, 50,000 of all objected, 100,000
addresses are suppressed. A worker sends to a local SMTP server, to contacts whose addresses are really sealed.
One JSON line:
  audience, audience_s                 how many would get it, and how long counting them takes
  materialised, materialise_s          sends written by INSERT … SELECT, in one transaction
  recheck_us                           asking again of each leased recipient, leases of 500
  messages_per_s                       handed to the SMTP server by one worker, each claimed in a transaction of its own
  objection_to_last_message_s          of ten who object while a campaign of 100,000 runs; 0: none got one afterwards
`python bench/bulletins.py [--quick]`: a twentieth of it. Goals in GOALS_MAX and GOALS_MIN.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import servers

GOALS_MAX = {"audience_s": 1.0, "materialise_s": 5.0, "recheck_us": 20.0, "objection_to_last_message_s": 60.0}
GOALS_MIN = {"messages_per_s": 300}
MEMBERS, QUICK_MEMBERS = 1_000_000, 50_000
CONSENTED, OBJECTED, SUPPRESSED = 0.8, 0.05, 0.1  # shares of the members
REAL = 800  # contacts whose addresses can be opened
MIDDLE = 100_000  # sends of the campaign in whose middle somebody objects
ROUNDS = 3
LEASE = 500
OBJECTORS = 10
OBJECT_AFTER = 200  # messages

os.environ["DJANGO_SETTINGS_MODULE"] = "vasistas.config.settings"

CROWD = """
INSERT INTO privacy_subject (id, kind, state, key_handle, audit_id, created_at, row_key)
SELECT 1000000 + n, 'member', 'active', gen_random_uuid(), ''::bytea, now(), gen_random_uuid()
FROM generate_series(1, {members}) n;
INSERT INTO bulletins_contact (subject_id, channel, "index", address, token, language, pace, confirmed_at, code_hash,
    code_attempts, soft_bounces, row_key)
SELECT 1000000 + n, 'mail', md5(n::text), ''::bytea, 'crowd-' || n, 'en', 'live', now(), '', 0, 0, gen_random_uuid()
FROM generate_series(1, {members}) n;
INSERT INTO privacy_consent (subject_id, receipt_id, "key", channel, act, policy_version, text_hash, language, source,
    at)
SELECT 1000000 + n, gen_random_uuid(), k.name, k.channel, 'given', 1, k.digest, 'en', 'account', now()
FROM generate_series(1, {consented}) n, (VALUES ('bulletins', '', '{master}'), ('topic_features', 'mail', '{topic}'))
    AS k (name, channel, digest);
INSERT INTO privacy_consent (subject_id, receipt_id, "key", channel, act, policy_version, text_hash, language, source,
    at)
SELECT 1000000 + n * 20, gen_random_uuid(), 'direct_marketing', '', 'objected', 1, '{topic}', 'en', 'account', now()
FROM generate_series(1, {objected}) n;
INSERT INTO bulletins_suppression (channel, "index", reason, at)
SELECT 'mail', md5((n * 10 + 1)::text), 'bounced', now() FROM generate_series(1, {suppressed}) n;
"""


def set_up() -> None:
    import django  # noqa: PLC0415 — the folder of the site comes first

    django.setup()


# -- Inside the site ---------------------------------------------------------------------------------------------------


def fill(real: int) -> None:
    """Make the tables, and people whose addresses can be opened and who consented."""
    set_up()
    from django.core.management import call_command  # noqa: PLC0415 — see set_up
    from django.utils import timezone  # noqa: PLC0415 — see set_up

    from vasistas.apps.bulletins import rules  # noqa: PLC0415 — see set_up
    from vasistas.apps.bulletins.models import Contact  # noqa: PLC0415 — see set_up
    from vasistas.apps.privacy import operations as privacy  # noqa: PLC0415 — see set_up
    from vasistas.apps.privacy.models import Consent  # noqa: PLC0415 — see set_up
    from vasistas.guard import keyring  # noqa: PLC0415 — see set_up
    from vasistas.guard.policy import consents, get_policy  # noqa: PLC0415 — see set_up
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see set_up

    call_command("migrate", interactive=False, verbosity=0)
    call_command("migrate", database=keyring.ALIAS, interactive=False, verbosity=0)
    at, switches = timezone.now(), get_policy().consents
    with processing("rights"):
        for number in range(real):
            subject = privacy.create_subject(kind="visitor", at=at)
            address = f"reader-{number}@example.org"
            index = rules.index_of("mail", address)
            same = {"channel": "mail", "index": index, "address": address, "language": "en", "confirmed_at": at}
            Contact.objects.create(subject=subject, **same)
            for key, channel in (("bulletins", ""), ("topic_features", "mail")):
                digest = consents.text_hash(switches[key], "en")
                said = privacy.Said(at, "en", Consent.Source.LINK)
                privacy.give_consent(subject_id=subject.pk, key=key, channel=channel, text_hash=digest, said=said)


def crowd(members: int) -> None:
    """Add the many, by SQL."""
    set_up()
    from django.db import connection  # noqa: PLC0415 — see set_up

    from vasistas.guard.policy import consents, get_policy  # noqa: PLC0415 — see set_up
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see set_up

    switches = get_policy().consents
    numbers = {"consented": CONSENTED, "objected": OBJECTED, "suppressed": SUPPRESSED}
    text = CROWD.format(
        members=members,
        master=consents.text_hash(switches["bulletins"], "en"),
        topic=consents.text_hash(switches["topic_features"], "en"),
        **{name: int(members * share) for name, share in numbers.items()},
    )
    with processing("maintain", reason="bench"), connection.cursor() as cursor:
        for statement in text.split(";")[:-1]:
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")


def campaign(**over: Any) -> Any:
    from django.utils import timezone  # noqa: PLC0415 — see set_up

    from vasistas.apps.bulletins.models import Campaign  # noqa: PLC0415 — see set_up

    now = timezone.now()
    fields = {"topic": "features", "subject_line": "News", "body": "Something new.", "made_at": now}
    return Campaign.objects.create(name="bench", state="scheduled", scheduled_at=now, **fields | over)


def select(members: int) -> None:
    """Count, materialise, ask again; print the figures."""
    set_up()
    from django.utils import timezone  # noqa: PLC0415 — see set_up

    from vasistas.apps.bulletins.models import Campaign, Send  # noqa: PLC0415 — see set_up
    from vasistas.apps.bulletins.operations import sending  # noqa: PLC0415 — see set_up
    from vasistas.apps.bulletins.queries import audience  # noqa: PLC0415 — see set_up
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see set_up

    with processing("bulletins"):
        letter, counted = campaign(), []
        for _round in range(ROUNDS):
            began = time.perf_counter()
            found = audience.count(letter, timezone.now())
            counted.append(time.perf_counter() - began)
        began = time.perf_counter()
        written = sending.begin(letter.pk, timezone.now())
        materialise_s = time.perf_counter() - began
        Campaign.objects.update(state="paused")  # nobody sends to the crowd, which has no addresses
        rows = list(Send.objects.filter(campaign=letter).values_list("contact_id", "subject_id")[: LEASE * 20])
        asked = []
        for start in range(0, len(rows), LEASE):
            some = rows[start : start + LEASE]
            began = time.perf_counter()
            audience.still(letter, [one for one, _ in some], [one for _, one in some], timezone.now())
            asked.append((time.perf_counter() - began) / len(some))
    figures = {"members": members, "audience": found, "audience_s": round(statistics.median(counted), 3)}
    figures |= {"materialised": written, "materialise_s": round(materialise_s, 3)}
    print(json.dumps(figures | {"recheck_us": round(statistics.median(asked) * 1e6, 1)}))


def begin(sends: int) -> None:
    """Begin a campaign to the real contacts, and to so many of the crowd after them; print its number."""
    set_up()
    from django.utils import timezone  # noqa: PLC0415 — see set_up

    from vasistas.apps.bulletins.models import Send  # noqa: PLC0415 — see set_up
    from vasistas.apps.bulletins.operations import sending  # noqa: PLC0415 — see set_up
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see set_up

    with processing("bulletins"):
        letter = campaign()
        sending.begin(letter.pk, timezone.now())
        crowd_sends = Send.objects.filter(campaign=letter, contact__token__startswith="crowd-")
        if sends == 0:
            crowd_sends.delete()
        else:
            crowd_sends.filter(pk__gt=crowd_sends.order_by("pk").values_list("pk", flat=True)[sends]).delete()
            crowd_sends.update(not_before=timezone.now() + sending.LEASED_FOR)
    print(letter.pk)


def send() -> None:
    """Be the worker, until nothing is due."""
    set_up()
    from vasistas.apps.bulletins.operations import sending  # noqa: PLC0415 — see set_up
    from vasistas.guard.purposes import NOBODY, processing, scope  # noqa: PLC0415 — see set_up

    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        with scope(lambda: NOBODY), processing("bulletins"):
            if not sending.send_due():
                return


def later(seconds: int) -> None:
    """Be a worker that was started so much later."""
    set_up()
    from datetime import timedelta  # noqa: PLC0415 — see set_up

    from django.utils import timezone  # noqa: PLC0415 — see set_up

    from vasistas.apps.bulletins.operations import sending  # noqa: PLC0415 — see set_up

    sending.send_due(lambda: timezone.now() + timedelta(seconds=seconds))


def object_to(addresses: list[str]) -> None:
    """Object for these, and print when each did, in seconds of the clock."""
    set_up()
    from django.utils import timezone  # noqa: PLC0415 — see set_up

    from vasistas.apps.bulletins import operations  # noqa: PLC0415 — see set_up

    for address in addresses:
        operations.refuse_address(channel="mail", address=address, source="staff", at=timezone.now())
        print(time.time(), address, flush=True)


def states() -> None:
    """Print how many sends stand in which state."""
    set_up()
    from django.db.models import Count  # noqa: PLC0415 — see set_up

    from vasistas.apps.bulletins.models import Send  # noqa: PLC0415 — see set_up
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see set_up

    with processing("prove"):
        print(json.dumps(dict(Send.objects.values_list("state").annotate(count=Count("pk")).order_by())))


# -- Outside -----------------------------------------------------------------------------------------------------------


class Sink:
    """A real SMTP server that keeps when it took a mail, and for whom. on_taken: called after each."""

    def __init__(self) -> None:
        from aiosmtpd.controller import Controller  # noqa: PLC0415 — only where it is used

        self.taken: list[tuple[float, str]] = []
        self.reached = threading.Event()
        self.wait_for = 0
        self._controller = Controller(self, hostname="127.0.0.1", port=servers.free_port())
        self.port = self._controller.port

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 — of aiosmtpd
        self.taken += [(time.time(), address) for address in envelope.rcpt_tos]
        if self.wait_for and len(self.taken) >= self.wait_for:
            self.reached.set()
        return "250 OK"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._controller.stop()


class Site:
    """A site on one database, whose mails go to a port of this machine."""

    def __init__(self, folder: Path, database: str, smtp_port: int) -> None:
        own = {"DATA": str(folder), "DATABASE_URL": database, "KEYS_DATABASE_URL": "sqlite:"}
        own["SMTP_URL"] = f"smtp://127.0.0.1:{smtp_port}?tls=none"
        self._environment = {**os.environ, **{f"VASISTAS_{name}": value for name, value in own.items()}}

    def run(self, part: str, *arguments: object) -> str:
        command = [sys.executable, __file__, "--as", part, *map(str, arguments)]
        return subprocess.run(command, check=True, env=self._environment, stdout=subprocess.PIPE, text=True).stdout

    def worker(self) -> subprocess.Popen[str]:
        """A worker that waits for a line."""
        command = [sys.executable, __file__, "--as", "send"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        worker = subprocess.Popen(command, env=self._environment, text=True, **pipes)  # type: ignore[call-overload]  # pipes
        assert worker.stdout is not None
        if worker.stdout.readline().strip() != "ready":
            sys.exit("bulletins: the worker did not start.")
        return worker  # type: ignore[no-any-return]  # see above


def go(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()


def throughput(site: Site, sink: Sink) -> float:
    """Messages per second of one worker, by the server's clock."""
    site.run("begin", 0)
    worker = site.worker()
    go(worker)
    worker.communicate()
    times = [at for at, _address in sink.taken]
    return (len(times) - 1) / (times[-1] - times[0])


def objection(site: Site, sink: Sink, sends: int) -> float:
    """Seconds from an objection to the objector's last message, at worst; 0: nobody got one afterwards."""
    site.run("begin", sends)
    sink.taken.clear()
    sink.wait_for = OBJECT_AFTER
    sink.reached.clear()
    worker = site.worker()
    go(worker)
    if not sink.reached.wait(60):
        sys.exit("bulletins: the campaign did not come to its middle.")
    had = {address for _at, address in sink.taken}
    waiting = [address for number in range(REAL) if (address := f"reader-{number}@example.org") not in had]
    told = site.run("object", *waiting[-OBJECTORS:])
    worker.communicate()
    objected = {address: float(at) for at, address in (line.split() for line in told.splitlines())}
    return max((at - objected[address] for at, address in sink.taken if address in objected), default=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description="Bulletins: audience, sending, objection; a JSON line.")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the people")
    parser.add_argument("--as", dest="part", help=argparse.SUPPRESS)
    parser.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    parts = {"fill": fill, "crowd": crowd, "select": select, "begin": begin, "later": later}
    if options.part in parts:
        parts[options.part](*map(int, options.arguments))
    elif options.part == "object":
        object_to(options.arguments)
    elif options.part:
        {"send": send, "states": states}[options.part]()
    else:
        measure(QUICK_MEMBERS if options.quick else MEMBERS)


def measure(members: int) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="vasistas-bench-") as folder,
        servers.postgres(is_durable=True) as database,
        Sink() as sink,
    ):
        site = Site(Path(folder), database, sink.port)
        site.run("fill", REAL)
        site.run("crowd", members)
        figures = json.loads(site.run("select", members))
        figures["messages_per_s"] = round(throughput(site, sink))
        figures["objection_to_last_message_s"] = round(objection(site, sink, min(MIDDLE, members // 2)), 3)
    met = all(figures[name] <= goal for name, goal in GOALS_MAX.items())
    met = met and all(figures[name] >= goal for name, goal in GOALS_MIN.items())
    load = round(os.getloadavg()[0], 1)
    print(
        json.dumps({"bench": "bulletins", **figures, "load_average": load, "goals": GOALS_MAX | GOALS_MIN, "met": met})
    )
    for name, goal in {**GOALS_MAX, **GOALS_MIN}.items():
        print(f"bulletins: {name} {figures[name]}, goal {goal}.", file=sys.stderr)


if __name__ == "__main__":
    main()
