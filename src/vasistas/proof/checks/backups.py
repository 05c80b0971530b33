"""Clause 5: backups are encrypted, and a restore erases again whoever was erased since."""

import secrets
import sqlite3
import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path

from vasistas.guard.backups import archive, stream
from vasistas.guard.conformance import queries
from vasistas.guard.conformance.registry import Finding, NotProven, check, counterexample, finding
from vasistas.guard.conformance.report import Seen, State
from vasistas.proof import drill

LIMIT_S = 90  # the first one carries the drill out
CANARY_BYTES = 32


@check(
    "backups.are_encrypted",
    kind="crypto",
    words={
        "en": "What was put into a backup is not to be found in its file; with another key, a byte changed or the end "
        "cut off it does not open.",
        "fr": "Ce qui entre dans une sauvegarde ne se retrouve pas dans son fichier ; avec une autre clé, un octet "
        "changé ou la fin coupée, elle ne s’ouvre pas.",
    },
)
def backups_are_encrypted(now: datetime) -> Finding:
    canary, key = secrets.token_hex(CANARY_BYTES), secrets.token_bytes(stream.KEY_BYTES)
    with tempfile.TemporaryDirectory(prefix="vasistas-backup-") as name:
        folder = Path(name)
        (folder / "site" / "uploads").mkdir(parents=True)
        (folder / "site" / "uploads" / "canary").write_text(canary)
        with closing(sqlite3.connect(folder / "site" / "site.sqlite3")) as database, database:
            database.execute("CREATE TABLE words (word)")
            database.execute("INSERT INTO words VALUES (?)", [canary])
        out = folder / "one.backup"
        archive.write(folder / "site", "data", out, key, at=now.isoformat())
        raw = out.read_bytes()
        middle = len(raw) // 2
        spoilt = raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]
        tries = {"changed": (spoilt, key), "cut": (raw[:-1], key), "another_key": (raw, secrets.token_bytes(len(key)))}
        wrong = [f"backup.{what}_opens" for what, one in tries.items() if _opens(folder / what, *one)]
        if canary.encode() in raw:
            wrong.append("backup.readable")
        if not _opens(folder / "right", raw, key):
            raise NotProven("The backup does not open with its own key.")
    return finding(len(tries) + 1, wrong)


def _opens(folder: Path, raw: bytes, key: bytes) -> bool:
    folder.mkdir()
    (folder / "one.backup").write_bytes(raw)
    try:
        archive.restore(folder / "one.backup", folder / "site", key, None)
    except stream.BackupRefused:
        return False
    return True


@counterexample("backups.are_encrypted")
def write_in_clear(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    """A backup whose chunks are numbered and sealed by nothing."""

    class Clear:
        def encrypt(self, _nonce: bytes, chunk: bytes, _header: bytes) -> bytes:
            return chunk + bytes(stream.TAG_BYTES)

        def decrypt(self, _nonce: bytes, chunk: bytes, _header: bytes) -> bytes:
            return chunk[: -stream.TAG_BYTES]

    derive = stream._derive  # noqa: SLF001 — a fault planted inside
    stream._derive = lambda key, salt: (Clear(), derive(key, salt)[1])  # type: ignore[assignment,return-value]  # noqa: SLF001 — see above


@check(
    "backups.restore_replays_erasures",
    kind="drill",
    limit_s=LIMIT_S,
    words={
        "en": "In the last drill, not two days ago, somebody erased after a backup was nowhere readable in the site "
        "restored from it, which opened only then, and everybody else was whole.",
        "fr": "Lors du dernier exercice, il y a moins de deux jours, une personne effacée après une sauvegarde n’était "
        "lisible nulle part dans le site restauré, qui ne s’est ouvert qu’alors, et les autres étaient intactes.",
    },
)
def restore_replays_erasures(now: datetime) -> Finding:
    """Reads what the last drill found. Where none was ever carried out, carries one out."""
    last = queries.latest_drill(drill.REHEARSAL) or drill.rehearse().seen(now)
    own = queries.latest_drill(drill.OWN)
    if own is not None and own.state is State.VIOLATED:
        return Finding(ok=False, counted=own.counts["counted"], violations=own.counts["violations"], detail=own.detail)
    if last.state is not State.VIOLATED and now - last.at > 2 * drill.EVERY:
        raise NotProven(f"The last drill was {(now - last.at).days} days ago. Run: vasistas drill")
    return _told(last)


def _told(last: Seen) -> Finding:
    if last.state is State.UNPROVEN:
        raise NotProven(last.detail)
    return Finding(last.state is State.HOLDS, last.counts["counted"], last.counts["violations"], last.detail)


@counterexample("backups.restore_replays_erasures")
def skip_the_replay(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    """A restore that ends before the erasures are repeated."""
    drill.restored = lambda *_restored: None
