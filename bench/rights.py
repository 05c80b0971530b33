"""What members' rights cost: the archive of a member with many sealed messages, and the sweep of what is too old.

One process fills a SQLite site, another writes the archive of its member as the download does. One JSON line:
  export_rows_per_s        rows read, opened, encoded, checksummed and packed per second, of the whole archive
  export_s                 from the first question to the last byte
  export_first_byte_ms     until the first piece
  export_peak_mb           highest resident memory of the process that does nothing else
  export_base_mb           the same before it began
  bare_rows_per_s          the same rows loaded and opened by a bare loop, without guard, JSON, checksum and ZIP
  unreadable_s             from asking for the erasure of that member until their keys are destroyed
  rows_gone_s              until the last of their rows is gone
  sweep_rows_per_s         watch sessions past their age, deleted by the policy's rule; as many young ones stay
`python bench/rights.py [--quick | --full]`: 100,000 rows of either kind; 20,000; 1,000,000. Goals are of the full form.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta

GOALS_MAX = {
    "export_s": 15.0,
    "export_first_byte_ms": 2000.0,
    "export_peak_mb": 200.0,
    "unreadable_s": 1.0,
    "rows_gone_s": 60.0,
}
GOALS_MIN = {"sweep_rows_per_s": 30_000.0}
MESSAGES, QUICK_MESSAGES, FULL_MESSAGES = 100_000, 20_000, 1_000_000
AT_ONCE = 5_000
TEXT = "When the window opens, one sees and is seen."

os.environ["DJANGO_SETTINGS_MODULE"] = "vasistas.config.settings"


def fill(rows: int) -> None:
    """Make the tables, Vi, and what she said in Ada's room."""
    import django  # noqa: PLC0415 — the folder of the site comes first

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 — see above
    from django.utils import timezone  # noqa: PLC0415 — see above

    from vasistas.apps.accounts.models import Member  # noqa: PLC0415 — see above
    from vasistas.apps.chat.models import Message  # noqa: PLC0415 — see above
    from vasistas.apps.providers.models import Host  # noqa: PLC0415 — see above
    from vasistas.apps.rooms.models import Room  # noqa: PLC0415 — see above
    from vasistas.guard import keyring  # noqa: PLC0415 — see above
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see above

    call_command("migrate", interactive=False, verbosity=0)
    call_command("migrate", database=keyring.ALIAS, interactive=False, verbosity=0)
    now = timezone.now()
    with processing("rights"):
        vi = Member.objects.create_user("vi@example.org", "Vi")
        host = Host.objects.create(member=Member.objects.create_user("ada@example.org", "Ada"), agreed_at=now)
        room = Room.objects.create(host=host, slug="ada", title="Ada", category="music", state_at=now, created_at=now)
        field = Message._meta.get_field("text")
        key = keyring.data_key(vi.subject.key_handle, "communications")
        for start in range(0, rows, AT_ONCE):
            some = []
            for number in range(start, min(start + AT_ONCE, rows)):
                row = Message(room=room, author=vi, role="member", said_at=now)
                row.text = field.seal_with(key, row, f"{TEXT} {number}")
                some.append(row)
            Message.objects.bulk_create(some)


def export() -> None:
    """Write Vi's archive to nowhere, and print the figures."""
    import django  # noqa: PLC0415 — the folder of the site comes first

    django.setup()
    from django.utils import timezone  # noqa: PLC0415 — see above

    from vasistas.apps.accounts.models import Member  # noqa: PLC0415 — see above
    from vasistas.apps.privacy import operations  # noqa: PLC0415 — see above
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see above
    from vasistas.guard.rights import archive  # noqa: PLC0415 — see above

    with processing("rights"):
        subject_id = Member.objects.values_list("subject_id", flat=True).get(display_name="Vi")
        rows = sum(operations.rows_of(subject_id).values())
    base_mb, began, first_ms, size = peak_mb(), time.perf_counter(), 0.0, 0
    for piece in archive.stream(subject_id, at=timezone.now(), language="en"):
        first_ms = first_ms or (time.perf_counter() - began) * 1000
        size += len(piece)
    took_s = time.perf_counter() - began
    figures = {
        "rows": rows,
        "archive_mb": round(size / 1e6, 1),
        "export_rows_per_s": round(rows / took_s),
        "export_s": round(took_s, 2),
        "export_first_byte_ms": round(first_ms, 2),
        "export_base_mb": round(base_mb),
        "export_peak_mb": round(peak_mb()),
        "bare_rows_per_s": round(bare_rows_per_s()),
    }
    print(json.dumps(figures))


def bare_rows_per_s() -> float:
    """The least that reading them takes: the columns from SQLite, and AES-GCM."""
    from django.db import connection  # noqa: PLC0415 — see export

    from vasistas.apps.chat.models import Message  # noqa: PLC0415 — see export
    from vasistas.guard import keyring  # noqa: PLC0415 — see export
    from vasistas.guard.sealed import ID_FROM, ID_TO, NONCE_TO  # noqa: PLC0415 — see export

    prefix = Message._meta.get_field("text").place.prefix
    began, count, keys = time.perf_counter(), 0, {}
    connection.ensure_connection()
    found = connection.connection.cursor().execute("SELECT text, row_key, author_id FROM chat_message")
    for text, row_key, author in found:
        key_id = bytes(text[ID_FROM:ID_TO])
        key = keys.get(key_id) or keys.setdefault(key_id, keyring.key_of(key_id))
        bound = prefix + bytes.fromhex(row_key) + key_id + str(author).encode()
        key.cipher.decrypt(text[ID_TO:NONCE_TO], text[NONCE_TO:], bound)
        count += 1
    return count / (time.perf_counter() - began)


def sweep(rows: int) -> None:
    """Sweep `rows` old rows and as many young ones, which must stay; print the figure."""
    import django  # noqa: PLC0415 — the folder of the site comes first

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 — see above
    from django.utils import timezone  # noqa: PLC0415 — see above

    from vasistas.apps.accounts.models import Member  # noqa: PLC0415 — see above
    from vasistas.apps.providers.models import Host  # noqa: PLC0415 — see above
    from vasistas.apps.rooms.models import Room, WatchSession  # noqa: PLC0415 — see above
    from vasistas.guard import keyring, retention  # noqa: PLC0415 — see above
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see above

    call_command("migrate", interactive=False, verbosity=0)
    call_command("migrate", database=keyring.ALIAS, interactive=False, verbosity=0)
    now = timezone.now()
    with processing("rights"):
        ada = Member.objects.create_user("ada@example.org", "Ada")
        host = Host.objects.create(member=ada, agreed_at=now)
        room = Room.objects.create(host=host, slug="ada", title="Ada", category="music", state_at=now, created_at=now)
        for age, sign in ((timedelta(days=40), 0), (timedelta(days=1), rows)):
            for start in range(sign, sign + rows, AT_ONCE):
                WatchSession.objects.bulk_create(
                    WatchSession(room=room, session=f"{number:032x}", subject_id=ada.subject_id, started_at=now - age)
                    for number in range(start, min(start + AT_ONCE, sign + rows))
                )
    began = time.perf_counter()
    with processing("retention"):
        gone = sum(swept.gone for swept in retention.sweep(now))
    took_s = time.perf_counter() - began
    with processing("rights"):
        left = WatchSession.objects.count()
    if (gone, left) != (rows, rows):
        raise RuntimeError(f"The sweep took {gone} rows and left {left} of {2 * rows}.")
    print(json.dumps({"sweep_rows_per_s": round(rows / took_s)}))


def erase() -> None:
    """Erase Vi, and print the figures."""
    import django  # noqa: PLC0415 — the folder of the site comes first

    django.setup()
    from django.utils import timezone  # noqa: PLC0415 — see above

    from vasistas.apps.accounts.models import Member  # noqa: PLC0415 — see above
    from vasistas.apps.privacy import operations  # noqa: PLC0415 — see above
    from vasistas.apps.privacy.models import Erasure  # noqa: PLC0415 — see above
    from vasistas.guard.purposes import processing  # noqa: PLC0415 — see above

    with processing("rights"):
        subject_id = Member.objects.values_list("subject_id", flat=True).get(display_name="Vi")
        asked_at = timezone.now()
        operations.erase(subject_id=subject_id, at=asked_at)
        done = Erasure.objects.get()
        if operations.rows_of(subject_id):
            raise RuntimeError("Some rows are left.")
    print(
        json.dumps(
            {
                "unreadable_s": round((done.unreadable_at - asked_at).total_seconds(), 3),
                "rows_gone_s": round((done.finished_at - asked_at).total_seconds(), 2),
            }
        )
    )


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux tells kB


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the export of one member's data; one JSON line.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--as", dest="part", choices=["fill", "export", "sweep", "erase"], help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "fill":
        fill(options.rows)
    elif options.part == "export":
        export()
    elif options.part == "erase":
        erase()
    elif options.part == "sweep":
        sweep(options.rows)
    else:
        print(json.dumps(measured(FULL_MESSAGES if options.full else QUICK_MESSAGES if options.quick else MESSAGES)))


def measured(rows: int) -> dict[str, float]:
    figures = _in_folder(rows, "fill", "export", "erase") | _in_folder(rows, "sweep")
    for name, goal in GOALS_MAX.items():
        if figures[name] > goal:
            print(f"{name} is {figures[name]}, the goal is {goal} at most.", file=sys.stderr)
    for name, goal in GOALS_MIN.items():
        if figures[name] < goal:
            print(f"{name} is {figures[name]}, the goal is {goal} at least.", file=sys.stderr)
    return figures


def _in_folder(rows: int, *parts: str) -> dict[str, float]:
    """Run parts, each a process of its own, on one new site; return their figures."""
    with tempfile.TemporaryDirectory() as folder:
        environment, figures = {**os.environ, "VASISTAS_DATA": folder}, dict[str, float]()
        for part in parts:
            command = [sys.executable, __file__, "--rows", str(rows), "--as", part]
            told = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout
            figures |= json.loads(told or "{}")
    return figures


if __name__ == "__main__":
    main()
