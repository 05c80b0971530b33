"""The one base of every refusal this product expects: a stable code and a sentence that says what to do."""


class DomainError(Exception):
    """A refusal the caller may show.

    Args: code: stable, dotted, never translated (`chat.too_long`). message: one sentence for the person, with the
    remedy; never personal data. fields: form field name -> sentence, for forms.
    """

    status = 400  # HTTP status the interface answers with; subclasses set their own
    code = "refused"

    def __init__(self, message: str, *, code: str | None = None, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.fields = fields or {}


class NotAllowed(DomainError):  # noqa: N818 — refusals read as facts, as in Django
    """The person is known and the thing is known to them, but this act is not theirs to do."""

    status = 403
    code = "not_allowed"


class NotFound(DomainError):  # noqa: N818 — see above
    """There is no such thing, or its existence is not this person's to know."""

    status = 404
    code = "not_found"


class LimitReached(DomainError):  # noqa: N818 — see above
    """A named limit is reached; the message says which and when to try again."""

    status = 429
    code = "limit_reached"

    def __init__(self, message: str, *, code: str | None = None, retry_after_s: int | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s
