"""`vasistas policy`."""

from vasistas.config.commands import AddCommand


def add(command: AddCommand) -> None:  # noqa: ARG001 — filled by the slice that builds it
    """Add `vasistas policy` to the parser."""
