"""Clause 9: a member sees, corrects, takes along and erases all that is held about them."""

import hashlib
import io
import logging
import secrets
import tempfile
import time
import zipfile
from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.urls import reverse
from django.utils.html import escape

from vasistas.apps.accounts import operations as accounts
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import Erasure
from vasistas.guard import declarations
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.purposes import processing
from vasistas.guard.rights import archive, held
from vasistas.proof import canary, filled, traces

LIMIT_S = 60
CLOSED = "user.authorization.credentials"  # in the archive alone


@check(
    "rights.archive_is_complete",
    kind="canary",
    limit_s=LIMIT_S,
    words={
        "en": "A member of whom every declared field is filled takes the archive: each value is in it, the rows are as "
        "many as the database counts, and the checksums hold.",
        "fr": "Un membre dont chaque champ déclaré est rempli prend l’archive : chaque valeur y est, les lignes sont "
        "aussi nombreuses que dans la base, et les sommes de contrôle tiennent.",
    },
)
def archive_is_complete(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        with canary.arranging():
            told = filled.fill(canaries.vi, now)
        member = canaries.vi
        files = taken(archive.stream(member.subject_id, at=now, language="en"))
        with processing("rights"):
            counts = privacy.rows_of(member.subject_id)
    wrong = [*filled.unfilled(told), *broken(files), *missing(files, told), *miscounted(files, counts)]
    return finding(len(told), wrong, at_least=1)


@counterexample("rights.archive_is_complete")
def leave_a_table_out(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    """A declared model that the export does not know."""
    every = held.tables
    held.tables = lambda: [table for table in every() if table.label != "chat.Message"]


@check(
    "rights.pages_show_all",
    kind="canary",
    limit_s=LIMIT_S,
    words={
        "en": "The same member opens My data: each category is there, and each text held, but for means of signing in.",
        "fr": "Le même membre ouvre Mes données : chaque catégorie y est, et chaque texte détenu, sauf les moyens de "
        "connexion.",
    },
)
def pages_show_all(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        with canary.arranging():
            told = filled.fill(canaries.vi, now)
        browser = canary.browser_of(canaries.vi)
        categories = {one.category for one in _declared().values() if one.category != CLOSED}
        pages = {key: browser.get(reverse("pages:my_category", args=[key])) for key in categories}
    wrong = [key for key, page in pages.items() if page.status_code != HTTPStatus.OK]
    for one in told:
        name, category = f"{one.label}.{one.field}", _declared()[one.label, one.field].category
        is_text = isinstance(one.value, str) and one.value.lower().startswith("canary")
        if is_text and category != CLOSED and escape(one.value) not in pages[category].text:
            wrong.append(name)
    return finding(len(told), wrong, at_least=1)


counterexample("rights.pages_show_all")(leave_a_table_out)


@check(
    "rights.name_can_be_corrected",
    kind="canary",
    words={
        "en": "A member changes the name shown on its page: from then on it is the new one.",
        "fr": "Un membre change le nom affiché sur sa page : dès lors, c’est le nouveau.",
    },
)
def name_can_be_corrected(now: datetime) -> Finding:
    with canary.stage(now) as canaries:
        name, browser = f"Canary {secrets.token_hex(6)}", canary.browser_of(canaries.vi)
        browser.get(reverse("accounts:name"))
        browser.post(reverse("accounts:name"), {"display_name": name})
        with canary.arranging():
            stands = Member.objects.filter(pk=canaries.vi.pk, display_name=name).exists()
    return finding(1, [] if stands else ["accounts.Member.display_name"])


@counterexample("rights.name_can_be_corrected")
def keep_the_old_name(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    accounts.change_name = lambda **_asked: None


@check(
    "rights.erasure_is_complete",
    kind="canary",
    limit_s=LIMIT_S,
    words={
        "en": "A member of whom every declared field is filled is erased: no table of the database or the key store, "
        "no file written meanwhile, no cache and no log line holds one of the values, and the certificate is genuine.",
        "fr": "Un membre dont chaque champ déclaré est rempli est effacé : aucune table de la base ou du magasin de "
        "clés, aucun fichier écrit entre-temps, aucun cache ni ligne de journal n’en garde une valeur, et le "
        "certificat est authentique.",
    },
)
def erasure_is_complete(now: datetime) -> Finding:
    since_s = time.time() - 1
    with canary.stage(now) as canaries, tempfile.TemporaryDirectory() as folder, traces.listening() as heard:
        with canary.arranging():
            told = filled.fill(canaries.vi, now)
        subject_id = canaries.vi.subject_id
        privacy.erase(subject_id=subject_id, at=now, data=Path(folder))
        values = traces.values_of(told)
        with canary.arranging():
            left = [*privacy.rows_of(subject_id), *traces.in_databases(values)]
            certificate = Erasure.objects.latest("pk").certificate
        left += traces.in_files([Path(settings.DATA), Path(folder)], values, since_s)
        left += [*traces.in_caches(values), *traces.in_lines(heard, values)]
    wrong = [*left, *([] if privacy.is_genuine(certificate) else ["certificate"])]
    return finding(len(values), wrong, at_least=1)


@counterexample("rights.erasure_is_complete")
def leave_traces(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    """Somebody's name in a log line and in a file, when they are erased."""
    erase = privacy.erase

    def leak(*, subject_id: int, at: datetime, data: Path | None = None) -> Any:
        with processing("maintain", reason="a planted leak"):
            name = Member.objects.values_list("display_name", flat=True).get(subject=subject_id)
        logging.getLogger("vasistas").warning("erased %s", name)
        (Path(settings.DATA) / "erased.log").write_text(name)
        return erase(subject_id=subject_id, at=at, data=data)

    privacy.erase = leak


def _declared() -> dict[tuple[str, str], declarations.Personal]:
    return {
        (label, name): one
        for label, declaration in declarations.declarations().items()
        if label not in filled.TOLD_APART
        for name, one in declaration.personal.items()
    }


# -- Reading an archive as its owner would -----------------------------------------------------------------------------


def taken(pieces: Iterable[bytes]) -> dict[str, bytes]:
    """Return the files of a bag by name, without the top folder."""
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as bag:
        return {name.partition("/")[2]: bag.read(name) for name in bag.namelist()}


def rows_in(files: dict[str, bytes], label: str) -> list[dict[str, Any]]:
    lines = files.get(f"data/{label}.jsonl", b"").splitlines()
    return [msgspec.json.decode(line) for line in lines]


def broken(files: dict[str, bytes]) -> list[str]:
    """Names of files whose checksum is not as the manifests say, or that no manifest names."""
    lines = (files["manifest-sha256.txt"] + files["tagmanifest-sha256.txt"]).decode().splitlines()
    said = {name: digest for digest, _space, name in (line.partition("  ") for line in lines)}
    found = {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "tagmanifest-sha256.txt"}
    return sorted(name for name in said.keys() | found.keys() if said.get(name) != found.get(name))


def missing(files: dict[str, bytes], told: list[filled.Filled]) -> list[str]:
    """Names of fields whose value is not in the archive."""
    return [
        f"{one.label}.{one.field}"
        for one in told
        if not any(row.get(one.field) == one.value for row in rows_in(files, one.label))
    ]


def miscounted(files: dict[str, bytes], counts: dict[str, int]) -> list[str]:
    """Labels of which the archive has, or says it has, another number of rows than the database."""
    said = msgspec.json.decode(files["data/counts.json"])["tables"]
    return [
        label
        for label in {name for name, _field in _declared()} & counts.keys()
        if not said.get(label) == len(rows_in(files, label)) == counts[label]
    ]
