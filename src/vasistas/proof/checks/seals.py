"""Clauses 5 and 6: what must be sealed is, opens only where and for whom it was sealed, and its keys are apart."""

import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection, connections, models

from vasistas.apps.chat.models import Message
from vasistas.guard import declarations, gate, keyring, purposes, sealed
from vasistas.guard.conformance.registry import Finding, check, count, counterexample, finding
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.proof import canary

CHAT = "user.content.chat.public"
# Who may open what people said: to carry it, keep it civil, settle, help, look into abuse (clause 6), answer its
# author's rights, delete it in time, check it, and move the database.
MAY_OPEN = frozenset({"chat", "moderate", "dispute", "assistance", "abuse_investigation"})
MAY_OPEN |= {"rights", "retention", "prove", "maintain"}
SAMPLE = 200  # newest rows whose keys must be in the key store
OTHERS_MASK = stat.S_IRWXG | stat.S_IRWXO


def clear_rows(table: str, column: str) -> tuple[int, int]:
    """Rows of a sealed column, and those that are neither empty nor have the head of a sealed value."""
    name, source = connection.ops.quote_name(column), connection.ops.quote_name(table)
    length, head = "octet_length", f"get_byte({name}, 0) <> {sealed.VERSION}"
    if connection.vendor == "sqlite":
        length, head = "length", f"substr({name}, 1, 1) <> x'{sealed.VERSION:02x}' OR typeof({name}) <> 'blob'"
    is_wrong = f"{length}({name}) > 0 AND ({length}({name}) < {sealed.BYTES_MIN} OR {head})"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count({name}), sum(CASE WHEN {is_wrong} THEN 1 ELSE 0 END) FROM {source}")  # noqa: S608 — names of our own
        counted, wrong = cursor.fetchone()
    return counted, wrong or 0


@check(
    "chat.text_is_sealed",
    kind="live",
    words={
        "en": "Every line of chat in the database is ciphertext.",
        "fr": "Chaque message dans la base de données est chiffré.",
    },
)
def chat_text_is_sealed(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    table = Message._meta.db_table
    if "text" not in declarations.sealed_columns().get(table, {}):
        return finding(1, ["chat.Message.text is not a sealed field"])
    return count(*clear_rows(table, "text"), "rows of chat.Message")


@counterexample("chat.text_is_sealed")
def write_a_clear_line(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Message._meta.db_table} SET text = %s WHERE id = %s",  # noqa: S608 — our own table's name
            [b"The small fish said this in the clear, and anyone can read it.", Message.objects.latest("pk").pk],
        )


@check(
    "members.mail_is_sealed",
    kind="live",
    words={
        "en": "Every mail address and every other sealed value in the database is ciphertext, found by a blind index.",
        "fr": "Chaque adresse e-mail et toute autre valeur scellée est chiffrée, trouvée par un index aveugle.",
    },
)
def mail_is_sealed(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    columns = declarations.sealed_columns()
    counted, wrong = 0, []
    if not any(category == MAIL for table in columns.values() for category in table.values()):
        wrong.append("no mail address is a sealed field")
    for table, names in columns.items():
        for column in names:
            rows, clear = clear_rows(table, column)
            counted += rows
            wrong += [f"{clear} of {table}.{column}"] if clear else []
    for table, column in _mail_columns():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE {column} LIKE %s", ["%@%"])  # noqa: S608 — names of our own
            clear = cursor.fetchone()[0]
        wrong += [f"{clear} of {table}.{column}"] if clear else []
    return finding(counted, wrong)


MAIL = "user.contact.email"


def _mail_columns() -> Iterator[tuple[str, str]]:
    """Columns of fields for addresses: what they hold is an index."""
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            if isinstance(field, models.EmailField):
                yield model._meta.db_table, str(field.column)


@counterexample("members.mail_is_sealed")
def write_a_clear_address(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    table, column = next(_mail_columns())
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s WHERE id = 1", ["sam@proof.invalid"])  # noqa: S608 — names of our own


@check(
    "seals.open_only_in_their_place",
    kind="crypto",
    words={
        "en": "A sealed text opens in its own row; moved to another row, or changed by one bit, it does not.",
        "fr": "Un texte scellé s’ouvre dans sa propre ligne ; déplacé ou changé d’un bit, il ne s’ouvre pas.",
    },
)
def seals_open_only_in_their_place(now: datetime) -> Finding:
    wrong = []
    with canary.stage(now) as canaries, processing("prove"):
        one, other = (Message.objects.get(pk=line.pk) for line in canaries.lines)
        wrong += [] if _opens(one, one) else ["its own row"]
        wrong += ["another row"] if _opens(other, one) else []
        wrong += ["a changed bit"] if _opens(one, one, flip=True) else []
        one.author = canaries.ada
        wrong += ["another person"] if _opens(one, one) else []
    sample = list(Message.objects.order_by("-pk").values_list("text", flat=True)[:SAMPLE])
    lost = sum(not _is_key_there(bytes(value)) for value in sample if value)
    return finding(4 + len(sample), [*wrong, *([f"{lost} rows without their key"] if lost else [])])


def _opens(place: Message, source: Message, *, flip: bool = False) -> bool:
    """Whether the stored text of `source` opens as if it stood in the row `place`."""
    value = bytearray(bytes(source.__dict__["text"]))
    value[-1] ^= flip
    field = Message._meta.get_field("text")
    assert isinstance(field, sealed.SealedText)  # noqa: S101 — chat_text_is_sealed tells if not
    try:
        return str(field.open(place, bytes(value))).startswith("Canary")
    except sealed.SealedBroken:
        return False


def _is_key_there(value: bytes) -> bool:
    try:
        keyring.key_of(value[sealed.ID_FROM : sealed.ID_TO])
    except keyring.KeyUnknown:
        return False
    except keyring.KeyDestroyed:
        return True  # erased, as it should be
    return True


@counterexample("seals.open_only_in_their_place")
def bind_to_no_place(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    sealed.SealedText._bound = lambda *_: b"anywhere"  # type: ignore[method-assign]  # noqa: SLF001 — it plants a fault


@check(
    "chat.text_is_refused_elsewhere",
    kind="probe",
    is_gated=True,
    words={
        "en": "What people said does not open without a purpose, nor under any purpose that clause 6 does not name.",
        "fr": "Ce qui a été dit ne s’ouvre ni sans finalité, ni sous une finalité que la clause 6 ne nomme pas.",
    },
)
def chat_is_refused_elsewhere(now: datetime) -> Finding:
    policy, wrong = get_policy(), []
    with canary.stage(now) as canaries:
        with processing("prove"):
            line = Message.objects.get(pk=canaries.lines[0].pk)
        with purposes.scope(lambda: purposes.NOBODY):
            wrong += ["no purpose"] if _reads(line) else []
        for purpose in policy.purposes.values():
            if purpose.key in MAY_OPEN:
                continue
            with purposes.scope(lambda: purposes.NOBODY), processing(purpose.key, reason=canary.REASON):
                wrong += [purpose.key] if _reads(line) else []
    return finding(len(policy.purposes) + 1, wrong)


def _reads(line: Message) -> bool:
    try:
        return bool(line.text)
    except (gate.PurposeMissing, gate.PurposeRefused):
        return False


@counterexample("chat.text_is_refused_elsewhere")
def let_rooms_read_chat(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    policy = get_policy()
    allowed = replace(policy.purposes["rooms"], categories=policy.purposes["rooms"].categories | {CHAT})
    purposes.get_policy = lambda: replace(policy, purposes={**policy.purposes, "rooms": allowed})  # type: ignore[attr-defined,assignment]  # it plants a fault


@check(
    "keys.are_private",
    kind="live",
    words={
        "en": "Root key, key store and secrets can be read by the service's own account alone.",
        "fr": "Clé racine, dépôt de clés et secrets ne sont lisibles que par le compte du service.",
    },
)
def keys_are_private(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    keyring.open_store()  # which proves that the root key belongs to the store
    folders = [Path(settings.DATA) / name for name in ("keys", "secrets")]
    paths = [path for folder in folders if folder.is_dir() for path in (folder, *folder.rglob("*"))]
    wrong = [path.name for path in paths if path.lstat().st_mode & OTHERS_MASK]
    stores = {tuple(str(one.settings_dict[name]) for name in ("HOST", "PORT", "NAME")) for one in connections.all()}
    wrong += ["the key store is the data store"] if len(stores) < len(connections.all()) else []
    return finding(len(paths), wrong, at_least=1)


@counterexample("keys.are_private")
def open_the_root_key(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    for path in (Path(settings.DATA) / "keys").iterdir():
        path.chmod(0o644)
