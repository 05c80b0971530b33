"""The record of processing activities (GDPR Art. 30(1)), read off the policy and the declarations; nothing is by hand.

`of()` gathers it once; a page draws from that, and the three forms a supervisory authority may ask for are written from
it: HTML, CSV (RFC 4180), and JSON-LD in the terms of the W3C Data Privacy Vocabulary.
"""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from vasistas.guard.declarations import Declaration
from vasistas.guard.policy import dpv
from vasistas.guard.policy.contradictions import EEA
from vasistas.guard.policy.model import Activity, Category, Named, Policy, Purpose, Recipient, Retention, Role
from vasistas.lib.operator import Operator

LAW = {"en": "GDPR", "fr": "RGPD"}
ARTICLES = {
    "consent": "Art. 6(1)(a)",
    "contract": "Art. 6(1)(b)",
    "legal_obligation": "Art. 6(1)(c)",
    "legitimate_interest": "Art. 6(1)(f)",
}


@dataclass(frozen=True)
class Held:
    """One category in an activity. fields: `rooms.Follow.at`. retention: the rules those fields name."""

    category: Category
    fields: tuple[str, ...]
    retention: tuple[Retention, ...]


@dataclass(frozen=True)
class Row:
    """transfers: the recipients outside the European Economic Area."""

    activity: Activity
    article: str
    purpose: Purpose
    owner: Named | None
    subjects: tuple[Named, ...]
    held: tuple[Held, ...]
    recipients: tuple[Recipient, ...]
    transfers: tuple[Recipient, ...]
    retention: tuple[Retention, ...]


@dataclass(frozen=True)
class Register:
    policy: Policy
    operator: Operator
    language: str
    rows: tuple[Row, ...]


def of(policy: Policy, declarations: Mapping[str, Declaration], operator: Operator, language: str) -> Register:
    """Gather the register in one of the policy's languages."""
    fields: dict[str, list[tuple[str, str]]] = {}
    for label, declaration in declarations.items():
        for name, held in declaration.personal.items():
            fields.setdefault(held.category, []).append((f"{label}.{name}", held.keep))
    rows = tuple(_row(policy, activity, fields, language) for activity in policy.activities.values())
    return Register(policy, operator, language, rows)


def _row(policy: Policy, activity: Activity, fields: Mapping[str, list[tuple[str, str]]], language: str) -> Row:
    recipients = tuple(policy.recipients[key] for key in activity.recipients)
    held = []
    for key, category in policy.categories.items():
        if key in activity.categories:
            stored = fields.get(key, [])
            kept = {keep for _field, keep in stored}
            rules = tuple(rule for name, rule in policy.retention.items() if name in kept)
            held.append(Held(category, tuple(sorted(name for name, _keep in stored)), rules))
    return Row(
        activity=activity,
        article=f"{LAW.get(language, LAW['en'])} {ARTICLES[activity.basis]}",
        purpose=policy.purposes[activity.purpose],
        owner=policy.owners.get(activity.owner),
        subjects=tuple(policy.subjects[key] for key in activity.subjects),
        held=tuple(held),
        recipients=recipients,
        transfers=tuple(one for one in recipients if one.country not in EEA),
        retention=tuple(policy.retention[key] for key in activity.retention),
    )


# -- CSV ---------------------------------------------------------------------------------------------------------------

COLUMNS = {
    "activity": {"en": "Activity", "fr": "Activité"},
    "purpose": {"en": "Purpose", "fr": "Finalité"},
    "basis": {"en": "Legal basis", "fr": "Base juridique"},
    "subjects": {"en": "Persons concerned", "fr": "Personnes concernées"},
    "categories": {"en": "Data", "fr": "Données"},
    "recipients": {"en": "Recipients", "fr": "Destinataires"},
    "transfers": {"en": "Transfers outside the EEA", "fr": "Transferts hors de l’EEE"},
    "retention": {"en": "Kept for", "fr": "Conservation"},
    "measures": {"en": "Security", "fr": "Sécurité"},
    "owner": {"en": "Responsible", "fr": "Responsable"},
    "controller": {"en": "Controller", "fr": "Responsable du traitement"},
    "title": {"en": "Record of processing activities", "fr": "Registre des activités de traitement"},
    "none": {"en": "none", "fr": "aucun"},
    "version": {"en": "Version", "fr": "Version"},
    "since": {"en": "in force from", "fr": "en vigueur à partir du"},
}


def _column(key: str, language: str) -> str:
    return COLUMNS[key].get(language, COLUMNS[key]["en"])


def _cells(row: Row, language: str) -> dict[str, str]:
    def titles(parts: tuple[Any, ...]) -> str:
        return "; ".join(part.title[language] for part in parts)

    transfers = (f"{one.title[language]} ({one.country}, {one.instrument}, {one.expires})" for one in row.transfers)
    return {
        "activity": row.activity.title[language],
        "purpose": row.purpose.title[language],
        "basis": f"{row.article}. {row.activity.basis_words[language]}",
        "subjects": titles(row.subjects),
        "categories": titles(tuple(held.category for held in row.held)),
        "recipients": titles(row.recipients) or _column("none", language),
        "transfers": "; ".join(transfers) or _column("none", language),
        "retention": " · ".join(rule.words[language] for rule in row.retention),
        "owner": row.owner.title[language] if row.owner else "",
    }


def as_csv(register: Register) -> str:
    """One line for each activity, complete in itself: controller and security measures stand on each."""
    language, operator = register.language, register.operator
    same = {
        "controller": f"{operator.name}, {operator.address}, {operator.mail}, {operator.phone}",
        "measures": " ".join(one.title[language] for one in register.policy.measures.values()),
    }
    out = io.StringIO()
    lines = [{**_cells(row, language), **same} for row in register.rows]
    names = ["controller", *(lines[0] if lines else {})]
    writer = csv.writer(out)
    writer.writerow([_column(name, language) for name in dict.fromkeys(names)])
    writer.writerows([line[name] for name in dict.fromkeys(names)] for line in lines)
    return out.getvalue()


# -- HTML --------------------------------------------------------------------------------------------------------------

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#15201c}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}th,td{border:1px solid #cfc9b8;padding:.4rem .6rem;"
    "text-align:left;vertical-align:top}th{background:#f0ece1;width:14rem}code{font-size:.85em;color:#4c5953}"
)


def as_html(register: Register) -> str:
    """A document of its own, to print or to hand over; everything in it is escaped."""
    language, policy = register.language, register.policy
    operator = register.operator
    title = escape(_column("title", language))
    controller = escape(f"{operator.name}, {operator.address}, {operator.mail}, {operator.phone}")
    measures = "".join(f"<li>{escape(one.title[language])}</li>" for one in policy.measures.values())
    version = f"{_column('version', language)} {policy.version}, {_column('since', language)} {policy.effective}"
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n<p>{escape(version)}. "
        f"{escape(_column('controller', language))}: {controller}.</p>\n"
        + "".join(_section(row, language) for row in register.rows)
        + f"<h2>{escape(_column('measures', language))}</h2>\n<ul>{measures}</ul>\n</body>\n</html>\n"
    )


def _section(row: Row, language: str) -> str:
    cells = _cells(row, language)
    heading = escape(cells.pop("activity"))
    lines = []
    for name, text in cells.items():
        said = _stored(row, language) if name == "categories" else escape(text)
        lines.append(f"<tr><th>{escape(_column(name, language))}</th><td>{said}</td></tr>\n")
    return f'<h2 id="{escape(row.activity.key)}">{heading}</h2>\n<table>\n{"".join(lines)}</table>\n'


def _stored(row: Row, language: str) -> str:
    def one(held: Held) -> str:
        kept = " · ".join(rule.words[language] for rule in held.retention)
        fields = ", ".join(f"<code>{escape(name)}</code>" for name in held.fields)
        return f"<li>{escape(held.category.title[language])}: {escape(kept)}<br>{fields}</li>"

    return f"<ul>{''.join(map(one, row.held))}</ul>"


# -- JSON-LD -----------------------------------------------------------------------------------------------------------


def as_jsonld(register: Register) -> str:
    """The register as a graph. Source: https://w3id.org/dpv, DPV 2."""
    policy, operator = register.policy, register.operator
    nodes: list[dict[str, Any]] = [
        {
            "@id": "#register",
            "@type": "dpv:RecordsOfActivities",
            "dct:title": _said(COLUMNS["title"]),
            "dct:hasVersion": str(policy.version),
            "dct:valid": {"@type": "xsd:date", "@value": policy.effective.isoformat()},
            "dpv:hasDataController": {"@id": "#controller"},
            "dpv:hasProcess": [{"@id": f"#activity-{row.activity.key}"} for row in register.rows],
        },
        {
            "@id": "#controller",
            "@type": "dpv:DataController",
            "dpv:hasName": operator.name,
            "dpv:hasAddress": operator.address,
            "dpv:hasContact": [operator.mail, operator.phone],
        },
        *(_recipient_node(one) for one in policy.recipients.values()),
        *(_named_node("measure", one, f"dpv:{one.dpv}") for one in policy.measures.values()),
        *(_named_node("subject", one, f"dpv:{one.dpv}") for one in policy.subjects.values()),
        *(_named_node("owner", one, "dpv:OrganisationalUnit") for one in policy.owners.values()),
        *(_retention_node(one) for one in policy.retention.values()),
        *(_category_node(one) for one in policy.categories.values()),
        *(_activity_node(row, policy) for row in register.rows),
    ]
    return json.dumps({"@context": dpv.CONTEXT, "@graph": nodes}, ensure_ascii=False, indent=2) + "\n"


def _said(words: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"@language": language, "@value": text} for language, text in words.items()]


def _named_node(kind: str, one: Named, term: str) -> dict[str, Any]:
    return {"@id": f"#{kind}-{one.key}", "@type": term, "dct:title": _said(one.title)}


def _category_node(one: Category) -> dict[str, Any]:
    kinds = [f"pd:{one.dpv}", *(["dpv:SpecialCategoryPersonalData"] if one.is_special else [])]
    return {
        "@id": f"#category-{one.key}",
        "@type": kinds,
        "dct:title": _said(one.title),
        "dct:description": _said(one.words),
    }


def _recipient_node(one: Recipient) -> dict[str, Any]:
    node = {
        "@id": f"#recipient-{one.key}",
        "@type": dpv.RECIPIENTS[Role(one.role)],
        "dct:title": _said(one.title),
        "dct:description": _said(one.words),
        "dpv:hasCountry": {"@id": f"loc:{one.country}"},
    }
    if one.instrument:
        node["dct:conformsTo"] = one.instrument
        node["dct:valid"] = {"@type": "xsd:date", "@value": str(one.expires)}
    return node


def _retention_node(one: Retention) -> dict[str, Any]:
    node: dict[str, Any] = {
        "@id": f"#retention-{one.key}",
        "@type": "dpv:StorageDuration",
        "dct:description": _said(one.words),
    }
    if one.days_max is not None:
        node["dpv:hasDuration"] = {"@type": "xsd:duration", "@value": f"P{one.days_max}D"}
    return node


def _activity_node(row: Row, policy: Policy) -> dict[str, Any]:
    return {
        "@id": f"#activity-{row.activity.key}",
        "@type": "dpv:Process",
        "dct:title": _said(row.activity.title),
        "dpv:hasDataController": {"@id": "#controller"},
        "dpv:hasOrganisationalUnit": {"@id": f"#owner-{row.activity.owner}"},
        "dpv:hasPurpose": {
            "@id": f"#purpose-{row.purpose.key}",
            "@type": f"dpv:{row.activity.dpv}",
            "dct:title": _said(row.purpose.title),
            "dct:description": _said(row.purpose.words),
        },
        "dpv:hasLegalBasis": {"@id": dpv.BASES[row.activity.basis]},
        "dpv:hasDataSubject": [{"@id": f"#subject-{one.key}"} for one in row.subjects],
        "dpv:hasPersonalData": [{"@id": f"#category-{held.category.key}"} for held in row.held],
        "dpv:hasRecipient": [{"@id": f"#recipient-{one.key}"} for one in row.recipients],
        "dpv:hasStorageCondition": [{"@id": f"#retention-{one.key}"} for one in row.retention],
        "dpv:hasTechnicalOrganisationalMeasure": [{"@id": f"#measure-{key}"} for key in policy.measures],
    }
