"""Every check, registered by being imported."""

from vasistas.proof.checks import (
    backups,
    changes,
    clauses,
    cookies,
    data,
    egress,
    gate,
    hosts,
    logs,
    pages,
    reads,
    recipients,
    retention,
    rights,
    seals,
    staff,
)

__all__ = [
    "backups",
    "changes",
    "clauses",
    "cookies",
    "data",
    "egress",
    "gate",
    "hosts",
    "logs",
    "pages",
    "reads",
    "recipients",
    "retention",
    "rights",
    "seals",
    "staff",
]
