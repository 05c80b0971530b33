"""Every check, registered by being imported."""

from vasistas.proof.checks import clauses, data, gate, hosts, logs, pages, reads, retention, seals, staff

__all__ = ["clauses", "data", "gate", "hosts", "logs", "pages", "reads", "retention", "seals", "staff"]
