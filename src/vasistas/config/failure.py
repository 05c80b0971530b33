"""The one way a command ends badly; apart, because it must load before Django does."""


class CommandFailed(Exception):  # noqa: N818 — reads as a fact
    """A command cannot go on; the text is the one line the operator sees."""
