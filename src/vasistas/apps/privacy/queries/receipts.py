"""The receipt of a choice: the fields of ISO/IEC TS 27560:2023, as JSON-LD in the terms of the Data Privacy Vocabulary.

Source: https://w3id.org/dpv/guides/consent-27560. The context stands in the receipt: reading it asks no other site.
"""

from typing import Any

from vasistas.apps.privacy.models import OBJECTION, Consent
from vasistas.guard import subjects
from vasistas.guard.policy import consents, dpv
from vasistas.guard.policy.contradictions import EEA
from vasistas.guard.policy.model import Basis, Policy
from vasistas.lib.operator import Operator

SCHEMA = "ISO/IEC TS 27560:2023"
STATUS = {
    Consent.Act.GIVEN: "dpv:ConsentGiven",
    Consent.Act.WITHDRAWN: "dpv:ConsentWithdrawn",
    Consent.Act.OBJECTED: "dpv:ConsentRefused",
    Consent.Act.LIFTED: "dpv:ConsentUnknown",
}
RIGHTS = ("A7-3", "A15", "A16", "A17", "A18", "A20", "A21", "A77")  # of the GDPR


def receipt_of(record: Consent, policy: Policy, operator: Operator, site_url: str) -> dict[str, Any]:
    """Return one record as a receipt its owner can keep. site_url: of this site, without a slash at the end.

    The words are those that were shown, where a file of the policy still has them; their hash is always there.
    """
    record_id = f"urn:uuid:{record.receipt_id}"
    principal = subjects.audit_ids_of([record.subject_id]).get(record.subject_id, "")
    return {
        "@context": dpv.CONTEXT | {"schema": "https://schema.org/"},
        "@id": f"{record_id}#receipt",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": SCHEMA,
        "dct:issued": {"@type": "xsd:dateTime", "@value": record.at.isoformat()},
        "dpv:hasRecord": {
            "@id": record_id,
            "@type": "dpv:ConsentRecord",
            "dct:conformsTo": SCHEMA,
            "dct:identifier": record_id,
            "dpv:hasDataSubject": {"@id": f"urn:uuid:{principal}", "@type": "dpv:DataSubject"},
            "dpv:hasProcess": _process(record, policy, site_url),
            "dpv:hasDataController": _controller(operator, site_url),
            "dpv:hasConsentStatus": [_event(record)],
        },
    }


def _process(record: Consent, policy: Policy, site_url: str) -> dict[str, Any]:
    """What the choice is about. An objection is about all that the policy marks objectable."""
    then = consents.shown(policy, record.key, record.policy_version, record.text_hash, record.language)
    is_objection = record.key == OBJECTION
    about = [one for one in policy.consents.values() if one.is_objectable] if is_objection else [then] if then else []
    categories = sorted({key for one in about for key in one.categories})
    hosting = [one for one in policy.recipients.values() if one.key == "hosting"]
    return {
        "@id": f"urn:vasistas:consent:{record.key}",
        "@type": "dpv:Process",
        "dpv:hasNotice": {
            "@id": f"{site_url}/privacy/versions/{record.policy_version}/",
            "@type": "dpv:ConsentNotice",
            "dct:hasVersion": str(record.policy_version),
            "dct:language": record.language,
            "dct:description": [one.words.get(record.language, "") for one in about],
            "dct:identifier": f"sha256:{record.text_hash}",
        },
        "dpv:hasPurpose": [
            {
                "@id": f"urn:vasistas:purpose:{one.key}",
                "@type": f"dpv:{one.dpv}",
                "dct:title": one.title[record.language],
            }
            for one in about
        ],
        "dpv:hasLegalBasis": {"@id": dpv.BASES[Basis.CONSENT]},
        "dpv:hasPersonalData": [
            {"@id": f"urn:vasistas:category:{key}", "@type": f"pd:{policy.categories[key].dpv}"}
            for key in categories
            if key in policy.categories
        ],
        "dpv:hasProcessing": [{"@id": "dpv:Collect"}, {"@id": "dpv:Store"}, {"@id": "dpv:Use"}],
        "dpv:hasDataSource": {"@id": "dpv:DataSubjectDataSource"},
        "dpv:hasService": {"@id": site_url, "dct:description": record.channel or "site"},
        "dpv:hasStorageCondition": {
            "dpv:hasLocation": [{"@id": f"loc:{one.country}"} for one in hosting],
            "dpv:hasDuration": {"@type": "dpv:UntilEventDuration", "dct:description": "until it is withdrawn"},
        },
        "dpv:hasRecipient": [{"@id": f"urn:vasistas:recipient:{one.key}"} for one in hosting],
        "dpv:hasJurisdiction": [
            {"@id": f"loc:{country}"} for country in sorted({one.country for one in hosting} & EEA)
        ],
        "dpv:hasRight": [{"@id": f"eu-gdpr:{right}"} for right in RIGHTS],
        "dpv:hasConsentControl": {"@type": "dpv:WithdrawConsent", "@id": f"{site_url}/account/consents/"},
    }


def _controller(operator: Operator, site_url: str) -> dict[str, Any]:
    return {
        "@id": site_url,
        "@type": "dpv:DataController",
        "dpv:hasName": operator.name,
        "dpv:hasAddress": operator.address,
        "dpv:hasContact": [operator.mail, operator.phone],
        "schema:url": f"{site_url}/contact/",
    }


def _event(record: Consent) -> dict[str, Any]:
    return {
        "@type": STATUS[Consent.Act(record.act)],
        "dct:date": {"@type": "xsd:dateTime", "@value": record.at.isoformat()},
        "dpv:hasDuration": {"@type": "dpv:UntilEventDuration", "dct:description": "until the next choice"},
        "dpv:isIndicatedBy": {"@id": "#principal", "@type": "dpv:DataSubject"},
        "dpv:hasIndicationMethod": Consent.Source(record.source).value,
    }
