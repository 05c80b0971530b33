"""What a drill does inside of its scratch sites: people come, one is erased, and afterwards somebody looks."""

import json
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import Subject
from vasistas.guard import journal
from vasistas.guard.keyring import rotation
from vasistas.guard.purposes import processing
from vasistas.guard.rights import archive
from vasistas.proof import filled, scene
from vasistas.proof.checks.rights import missing, taken

REASON = "the made-up people of a drill"
ERASED_LOOKED_AT_MAX = 1_000  # the newest in the journal: each costs a query of every table
LANGUAGE = "en"


def arrive(told: Path, at: datetime) -> dict[str, Any]:
    """Let two people in of whom everything is held, and write into the file `told` what is held of them.

    Return name of the field -> text of the one to be erased (`erased`), of the other (`staying`), and of the former
    what stands in the database in the clear (`clear`).
    """
    with processing("maintain", reason=REASON):
        erased, staying = (_filled(at) for _ in range(2))
    told.write_text(json.dumps({"erased": erased, "staying": staying}))
    clear = {name: value for name, value in _texts(erased).items() if name == "accounts.Member.display_name"}
    return {"erased": _texts(erased), "staying": _texts(staying), "clear": clear}


def _filled(at: datetime) -> dict[str, Any]:
    member = scene.arrive(f"canary-{secrets.token_hex(8)}")
    values = filled.fill(member, at)
    return {"subject": member.subject_id, "values": [[one.label, one.field, one.value] for one in values]}


def _texts(person: dict[str, Any]) -> dict[str, str]:
    """What a search of bytes can tell apart."""
    return {
        f"{label}.{field}": value
        for label, field, value in person["values"]
        if isinstance(value, str) and value.startswith("canary")
    }


def erase(told: Path, at: datetime) -> dict[str, Any]:
    subject_id = json.loads(told.read_text())["erased"]["subject"]
    privacy.erase(subject_id=subject_id, at=at)
    return {"erased": subject_id}


def look(told: Path, at: datetime) -> dict[str, Any]:
    """Look for rows and keys of the erased one, and whether all of the other is still readable."""
    people = json.loads(told.read_text())
    erased, staying = people["erased"]["subject"], people["staying"]
    wrong = [f"restore.rows_left: {label}" for label in privacy.rows_of(erased)]
    wrong += ["restore.not_erased"] * len(privacy.came_back())
    values = [filled.Filled(*one) for one in staying["values"]]
    files = taken(archive.stream(staying["subject"], at=at, language=LANGUAGE))
    wrong += [f"restore.lost: {name}" for name in missing(files, values)]
    return {"wrong": wrong, "counted": len(values)}


def inspect() -> dict[str, Any]:
    """Look at a restored site that people live in: is it whole, does every key open, is nobody back?"""
    wrong = _damage()
    keys = rotation.check()
    wrong += ["keys.do_not_open"] * sum(keys.broken.values())
    wrong += ["restore.not_erased"] * len(privacy.came_back())
    with processing("rights", reason="drill"):
        handles = journal.handles(journal.path_in(Path(settings.DATA)))[-ERASED_LOOKED_AT_MAX:]
        erased = list(Subject.objects.filter(key_handle__in=handles).values_list("pk", flat=True))
        wrong += [f"restore.rows_left: {label}" for pk in erased for label in privacy.rows_of(pk)]
        people = Subject.objects.count()
    return {"wrong": wrong, "counted": people + sum(keys.opened.values())}


def _damage() -> list[str]:
    if connection.vendor != "sqlite":
        return []  # pg_restore stops at the first thing that does not fit
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check(1)")
        whole = cursor.fetchone() == ("ok",)
        cursor.execute("PRAGMA foreign_key_check")
        loose = cursor.fetchone() is not None
    return ["database.damaged"] * (not whole) + ["database.foreign_keys"] * loose
