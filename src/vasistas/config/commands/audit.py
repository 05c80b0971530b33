"""`vasistas audit`."""

from vasistas.config.commands import AddCommand


def add(command: AddCommand) -> None:  # noqa: ARG001 — filled by the slice that builds it
    """Add `vasistas audit` to the parser."""
