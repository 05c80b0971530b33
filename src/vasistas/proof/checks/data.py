"""Clause 0: what is stored is a closed list; passwords are Argon2; card numbers never reach us."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.auth.hashers import Argon2PasswordHasher, is_password_usable
from django.db import connection, connections, models
from django.db.migrations.recorder import MigrationRecorder

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.models import Room
from vasistas.guard import declarations
from vasistas.guard.conformance.registry import Finding, check, count, counterexample, finding

TEXT_CHARS_MAX = 500  # a longer column is no place for a card number that nobody sees
ROWS_MAX = 5_000  # the newest rows of each column
CARD_COLUMN = re.compile(r"(card_?(no|num|pan)|^pan$|cvv|cvc|iban)")
CARD = re.compile(r"(?<![\d.])(?:\d[ -]?){12,18}\d(?![\d.])")


@check(
    "data.fields_are_declared",
    kind="static",
    words={
        "en": "Every field of every model says what it holds, for how long, and whose it is.",
        "fr": "Chaque champ de chaque modèle dit ce qu’il contient, pour combien de temps, et à qui il appartient.",
    },
)
def fields_are_declared(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    wrong = {str(fault.msg).split()[0] for fault in declarations.check_every_field_is_declared()}
    return finding(sum(len(one.fields) for one in declarations.declarations().values()), wrong, at_least=1)


@counterexample("data.fields_are_declared")
def forget_a_declaration(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    member = declarations.declarations()["accounts.Member"]
    fields = {name: held for name, held in member.fields.items() if name != "display_name"}
    declarations._declarations["accounts.Member"] = declarations.Declaration(fields, member.subject)  # noqa: SLF001 — it plants a fault


@check(
    "data.columns_are_declared",
    kind="schema",
    words={
        "en": "The database has no table and no column beyond those that are declared.",
        "fr": "La base de données n’a ni table ni colonne au-delà de celles qui sont déclarées.",
    },
)
def columns_are_declared(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    known = _known_columns()
    counted, wrong = 0, []
    for alias in connections:
        for table, names in _live_columns(alias):
            counted += len(names)
            if table not in known:
                wrong.append(table)
            wrong += [f"{table}.{name}" for name in names - known.get(table, names)]
    return finding(counted, wrong, at_least=1)


def _known_columns() -> dict[str, set[str]]:
    """Table -> columns, as the declared models have them. `django_migrations` names migrations and nobody."""
    every: list[Any] = [*apps.get_models(include_auto_created=True), MigrationRecorder.Migration]
    return {
        model._meta.db_table: {str(field.column) for field in model._meta.local_concrete_fields}
        for model in every
        if not model._meta.proxy
    }


def _live_columns(alias: str) -> Iterator[tuple[str, set[str]]]:
    live = connections[alias]
    with live.cursor() as cursor:
        for table in live.introspection.get_table_list(cursor):
            columns = live.introspection.get_table_description(cursor, table.name)
            yield table.name, {column.name for column in columns}


@counterexample("data.columns_are_declared")
def add_a_table_and_a_column(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE newsletter_readers (mail varchar(200))")
        cursor.execute(f"ALTER TABLE {Room._meta.db_table} ADD COLUMN phone varchar(40)")


@check(
    "data.passwords_are_argon2",
    kind="live",
    words={
        "en": "Every password is stored as its Argon2 hash, or there is none.",
        "fr": "Chaque mot de passe est stocké sous forme d’empreinte Argon2, ou il n’y en a pas.",
    },
)
def passwords_are_argon2(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    good = f"{Argon2PasswordHasher.algorithm}$argon2id$"
    others = Member.objects.exclude(password__startswith=good).values_list("password", flat=True).iterator()
    wrong = sum(is_password_usable(stored) or stored == "" for stored in others)
    return count(Member.objects.count(), wrong, "rows of accounts.Member")


@counterexample("data.passwords_are_argon2")
def store_an_md5(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    newest = Member.objects.latest("pk").pk
    Member.objects.filter(pk=newest).update(password="md5$salt$5f4dcc3b5aa765d61d8327deb882cf99")  # noqa: S106 — it plants one


@check(
    "data.no_card_numbers",
    kind="live",
    words={
        "en": "No column is meant for card or account numbers, and no short text holds one.",
        "fr": "Aucune colonne n’est prévue pour un numéro de carte ou de compte, et aucun texte court n’en contient.",
    },
)
def no_card_numbers(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    counted, wrong = 0, []
    for model, field in _short_texts():
        name = f"{model._meta.label}.{field.name}"
        if CARD_COLUMN.search(field.name):
            wrong.append(name)
        newest = _all(model).order_by("-pk").values_list(field.attname, flat=True)
        for value in newest[:ROWS_MAX].iterator():
            counted += 1
            if value and any(_is_card(found) for found in CARD.findall(value)):
                wrong.append(name)
    return finding(counted, wrong)


def _short_texts() -> Iterator[tuple[type[models.Model], "models.Field[Any, Any]"]]:
    """The text columns people's words can reach. Codes, keys and hashes are not words."""
    for label, declaration in declarations.declarations().items():
        model = apps.get_model(label)
        for name, held in declaration.personal.items():
            field = model._meta.get_field(name)
            is_text = isinstance(field, models.CharField | models.TextField)
            is_key = held.category == "user.authorization.credentials"
            if is_text and not is_key and (field.max_length or TEXT_CHARS_MAX) <= TEXT_CHARS_MAX:
                yield model, field


def _all(model: type[models.Model]) -> "models.QuerySet[Any]":
    return models.QuerySet(model)  # whatever a manager of its own leaves out


LUHN_BASE = 10
ISSUERS = re.compile(r"^(4|5[1-5]|2[2-7]|3[47]|6)")


def _is_card(text: str) -> bool:
    """Whether the digits pass Luhn's sum (ISO/IEC 7812-1, annex B) and begin as cards do."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, LUHN_BASE)) for digit in digits[-2::-2]]
    is_sum_right = (sum(digits[-1::-2]) + sum(doubled)) % LUHN_BASE == 0
    return is_sum_right and ISSUERS.match("".join(map(str, digits))) is not None


@counterexample("data.no_card_numbers")
def write_a_card_number(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    room = Room.objects.latest("pk")
    room.title = "Gifts to 4111 1111 1111 1111"  # the test number of every card scheme
    room.save(update_fields=["title"])
