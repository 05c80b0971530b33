"""Every check, registered by being imported."""

from vasistas.proof.checks import clauses, data, pages, retention, staff

__all__ = ["clauses", "data", "pages", "retention", "staff"]
