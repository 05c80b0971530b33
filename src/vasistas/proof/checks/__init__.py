"""Every check, registered by being imported."""

from vasistas.proof.checks import (
    clauses,
    cookies,
    data,
    egress,
    gate,
    hosts,
    logs,
    pages,
    reads,
    retention,
    rights,
    seals,
    staff,
)

__all__ = [
    "clauses",
    "cookies",
    "data",
    "egress",
    "gate",
    "hosts",
    "logs",
    "pages",
    "reads",
    "retention",
    "rights",
    "seals",
    "staff",
]
