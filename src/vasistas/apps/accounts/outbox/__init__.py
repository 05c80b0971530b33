"""Where mails go: to an SMTP server or a provider's API, posted behind the request; in the demo to a page; or printed.

`posting`: the backends of Django's MAILERS, all behind the door. `provider`: the one for a mail provider's API.
`kept`: the demo's mails. The settings import this package, so nothing here may need models at import.
"""

from vasistas.apps.accounts.outbox.kept import MAIL_BYTES_MAX, MAILS_KEPT_MAX, Mail, get, keep, latest
from vasistas.apps.accounts.outbox.posting import (
    CARRIED,
    RECIPIENT,
    AnswerLost,
    MailRefused,
    OutboxBackend,
    PostingBackend,
    as_bytes,
    check_mails_leave,
    check_may_go,
    let_out,
    mailer,
    name_the_operator,
    reference_of,
    send_and_wait,
    settle,
)
from vasistas.apps.accounts.outbox.provider import ProviderBackend

__all__ = [
    "CARRIED",
    "MAILS_KEPT_MAX",
    "MAIL_BYTES_MAX",
    "RECIPIENT",
    "AnswerLost",
    "Mail",
    "MailRefused",
    "OutboxBackend",
    "PostingBackend",
    "ProviderBackend",
    "as_bytes",
    "check_mails_leave",
    "check_may_go",
    "get",
    "keep",
    "latest",
    "let_out",
    "mailer",
    "name_the_operator",
    "reference_of",
    "send_and_wait",
    "settle",
]
