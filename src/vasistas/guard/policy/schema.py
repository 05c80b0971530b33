"""From tables of TOML to the typed parts of a policy: every key is known, every name leads somewhere."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from vasistas.guard.policy import dpv
from vasistas.guard.policy.faults import nearest
from vasistas.guard.policy.model import (
    Activity,
    Authority,
    Basis,
    Category,
    Channel,
    Consent,
    Cookie,
    Mode,
    Named,
    Place,
    Purpose,
    Reads,
    Recipient,
    Retention,
    Role,
    Storage,
    Then,
)
from vasistas.guard.policy.reading import Source, Table, shown

CATEGORY_KEY = re.compile(r"[a-z]+(?:\.[a-z][a-z_]*)+")
KEY = re.compile(r"[a-z][a-z0-9_]*")
LANGUAGE = re.compile(r"[a-z]{2}")
TOLD_AT = re.compile(r"https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9][0-9]{0,4})?(?:/[\w./~-]*)?")
HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?:[1-9][0-9]{0,4}")
COUNTRY = re.compile(r"[A-Z]{2}")
NECESSARY = "necessary"


@dataclass(frozen=True)
class Parts:
    """All of policy.toml but its clauses."""

    version: int
    effective: date
    languages: tuple[str, ...]
    authority: Authority
    subjects: dict[str, Named]
    owners: dict[str, Named]
    measures: dict[str, Named]
    categories: dict[str, Category]
    purposes: dict[str, Purpose]
    recipients: dict[str, Recipient]
    retention: dict[str, Retention]
    activities: dict[str, Activity]
    cookies: tuple[Cookie, ...]
    consents: dict[str, Consent]


def parts_of(source: Source) -> tuple[Parts, Table]:
    """Read everything but the clauses; also return the table they stand in, not closed yet."""
    file = Table(source, (), source.raw)
    file.languages = languages = _languages(file)
    categories = _each(file, "categories", CATEGORY_KEY, _category)
    purposes = _each(file, "purposes", KEY, lambda key, one: _purpose(key, one, categories))
    retention = _each(file, "retention", KEY, _retention)
    recipients = _each(file, "recipients", KEY, lambda key, one: _recipient(key, one, categories))
    subjects = _each(file, "subjects", KEY, lambda key, one: _named(key, one, dpv.SUBJECTS))
    owners = _each(file, "owners", KEY, lambda key, one: _named(key, one, None))
    measures = _each(file, "measures", KEY, lambda key, one: _named(key, one, dpv.MEASURES))
    known = _Known(categories, purposes, recipients, retention, subjects, owners)
    parts = Parts(
        version=file.number("version", low=1) or 0,
        effective=file.day("effective") or date.min,
        languages=languages,
        authority=_authority(file.table("authority")),
        subjects=subjects,
        owners=owners,
        measures=measures,
        categories=categories,
        purposes=purposes,
        recipients=recipients,
        retention=retention,
        activities=_each(file, "activities", KEY, lambda key, one: _activity(key, one, known)),
        cookies=tuple(_each(file, "cookies", None, lambda key, one: _cookie(key, one, purposes)).values()),
        consents=_consents(file, categories),
    )
    return parts, file


@dataclass(frozen=True)
class _Known:
    categories: dict[str, Category]
    purposes: dict[str, Purpose]
    recipients: dict[str, Recipient]
    retention: dict[str, Retention]
    subjects: dict[str, Named]
    owners: dict[str, Named]


def _languages(file: Table) -> tuple[str, ...]:
    languages = file.texts("languages")
    if not languages and isinstance(file.raw.get("languages"), list):
        file.fault("languages", "names none.", 'Name at least one, like ["en"].')
    for one in languages:
        if not LANGUAGE.fullmatch(one):
            file.fault("languages", f"names {one!r}.", "Use codes of two letters, like en.")
    return languages


def _each[Part](
    file: Table,
    section: str,
    form: re.Pattern[str] | None,
    read: Callable[[str, Table], Part],
    *,
    is_optional: bool = False,
) -> dict[str, Part]:
    found = {}
    for key, table in file.tables(section, is_optional=is_optional):
        if form is not None and not form.fullmatch(key):
            example = '"user.contact.email" in quotes' if form is CATEGORY_KEY else "room_chat"
            file.source.fault(table.path, f"{shown(table.path)} is no key.", f"Use small letters, like {example}.")
        found[key] = read(key, table)
        table.close()
    return found


def _term(table: Table, known: Iterable[str]) -> str:
    return table.one_of("dpv", known, "a term of the Data Privacy Vocabulary")


def _authority(table: Table) -> Authority:
    authority = Authority(table.text("name"), table.text("address"), table.text("url"))
    if authority.url and not authority.url.startswith("https://"):
        table.fault("url", f"is {authority.url!r}.", "Write an address that begins with https://.")
    table.close()
    return authority


def _named(key: str, table: Table, terms: frozenset[str] | None) -> Named:
    return Named(key, table.words("title"), _term(table, terms) if terms else "")


def _category(key: str, table: Table) -> Category:
    return Category(
        key, table.words("title"), table.words("words"), _term(table, dpv.PERSONAL_DATA), table.flag("is_special")
    )


def _purpose(key: str, table: Table, categories: dict[str, Category]) -> Purpose:
    allowed = table.some_of("categories", categories, "the category")
    if not allowed:
        table.fault("categories", "allows nothing.", "Name the categories that may be touched, or remove the purpose.")
    return Purpose(
        key=key,
        title=table.words("title"),
        words=table.words("words"),
        categories=frozenset(allowed),
        reads=table.choice("reads", Reads),
        needs_reason=table.flag("needs_reason"),
        mode=table.choice("mode", Mode, default=Mode.ENFORCE),
    )


def _recipient(key: str, table: Table, categories: dict[str, Category]) -> Recipient:
    country = table.text("country")
    if country and not COUNTRY.fullmatch(country):
        table.fault("country", f"is {country!r}.", "Use the two capital letters of ISO 3166, like LU.")
    hosts = table.texts("hosts", is_optional=True)
    for host in hosts:
        if not HOST.fullmatch(host):
            table.fault("hosts", f"names {host!r}.", "Write each as name:port, like api.partner.example:443.")
    told_at = table.text("told_at", default="")
    if told_at and not TOLD_AT.fullmatch(told_at):
        table.fault("told_at", f"is {told_at!r}.", "Write an address like https://api.partner.example/vasistas.")
    return Recipient(
        key=key,
        title=table.words("title"),
        role=table.choice("role", Role),
        country=country,
        instrument=table.text("instrument", default=""),
        expires=table.day("expires", is_optional=True),
        words=table.words("words"),
        categories=frozenset(table.some_of("categories", categories, "the category", is_optional=True)),
        endpoints=table.some_of("endpoints", list(Place), "the endpoint", is_optional=True),
        hosts=hosts,
        told_at=told_at,
        not_told=table.words("not_told", is_optional=True),
    )


def _retention(key: str, table: Table) -> Retention:
    return Retention(
        key=key,
        words=table.words("words"),
        after=table.text("after"),
        days_max=table.number("days_max", low=0, is_optional=True),
        days_min=table.number("days_min", low=1, default=0) or 0,
        statute=table.text("statute", default=""),
        then=table.choice("then", Then, default=Then.DELETE),
    )


def _activity(key: str, table: Table, known: _Known) -> Activity:
    purpose = table.one_of("purpose", known.purposes, "the purpose")
    categories = table.some_of("categories", known.categories, "the category", is_optional=True)
    if not categories and purpose in known.purposes:
        categories = tuple(known.purposes[purpose].categories)
    return Activity(
        key=key,
        title=table.words("title"),
        purpose=purpose,
        categories=frozenset(categories),
        basis=table.choice("basis", Basis),
        basis_words=table.words("basis_words"),
        recipients=table.some_of("recipients", known.recipients, "the recipient", is_optional=True),
        retention=table.some_of("retention", known.retention, "the retention rule"),
        owner=table.one_of("owner", known.owners, "the owner"),
        subjects=table.some_of("subjects", known.subjects, "the kind of subject"),
        dpv=_term(table, dpv.PURPOSES),
    )


def _cookie(key: str, table: Table, purposes: dict[str, Purpose]) -> Cookie:
    if "*" in key[:-1]:
        table.source.fault(table.path, f"{shown(table.path)} has a star inside.", "A star may only stand at the end.")
    kind = table.text("kind")
    if kind and kind not in {NECESSARY, *purposes}:
        table.fault("kind", f"is {kind!r}.", nearest(kind, [NECESSARY, *purposes]))
    return Cookie(key, table.choice("storage", Storage), kind, table.words("words"), table.words("duration"))


def _consents(file: Table, categories: dict[str, Category]) -> dict[str, Consent]:
    """A site that asks for nothing has none."""
    switches = set(file.raw["consents"]) if isinstance(file.raw.get("consents"), dict) else set()
    found = _each(file, "consents", KEY, lambda key, one: _consent(key, one, categories, switches), is_optional=True)
    for key, one in found.items():
        above = found.get(one.under)
        if above is not None and (above.under or above.channels):
            what = f"The switch {key!r} stands under {one.under!r}, which is none of the first switches."
            file.source.fault(("consents", key, "under"), what, "Name one that has neither under nor channels.")
    return found


def _consent(key: str, table: Table, categories: dict[str, Category], switches: set[str]) -> Consent:
    return Consent(
        key=key,
        title=table.words("title"),
        words=table.words("words"),
        ends=table.words("ends"),
        text=table.number("text", low=1) or 0,
        categories=frozenset(table.some_of("categories", categories, "the category")),
        dpv=_term(table, dpv.PURPOSES),
        under=table.one_of("under", switches, "the switch", default=""),
        channels=table.some_of("channels", list(Channel), "the channel", is_optional=True),
        is_objectable=table.flag("is_objectable"),
        awaits=table.words("awaits", is_optional=True),
    )
