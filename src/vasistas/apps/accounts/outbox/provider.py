"""Mails by the API of a mail provider, through django-anymail: its backends know each provider's ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage
from django.utils.module_loading import import_string

from vasistas.apps.accounts.outbox.posting import AnswerLost, MailRefused, Posting, name_the_operator

API_TIMEOUT_S = 20
REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}  # what it says of this mail, not of us or itself


@dataclass(frozen=True)
class Provider:
    """What django-anymail needs for one. api: "" where each customer has an address of their own. key, second: its
    names of what it is paid for with. signs: its name of what its messages to us are signed with. can_untrack: it can
    be told with each mail to watch neither opening nor clicking; the others are told so in their own settings.
    """

    title: str
    api: str
    key: str = "api_key"
    second: str = ""
    signs: str = ""
    can_untrack: bool = False


PROVIDERS: Mapping[str, Provider] = {
    "brevo": Provider("Brevo", "https://api.brevo.com/v3/"),
    "mailersend": Provider(
        "MailerSend", "https://api.mailersend.com/v1/", key="api_token", signs="signing_secret", can_untrack=True
    ),
    "mailgun": Provider("Mailgun", "https://api.eu.mailgun.net/v3/", signs="webhook_signing_key", can_untrack=True),
    "mailjet": Provider("Mailjet", "https://api.mailjet.com/v3.1/", second="secret_key", can_untrack=True),
    "mailtrap": Provider("Mailtrap", "https://send.api.mailtrap.io/api/", key="api_token"),
    "postal": Provider("Postal", "", signs="webhook_key"),
    "postmark": Provider("Postmark", "https://api.postmarkapp.com/", key="server_token", can_untrack=True),
    "resend": Provider("Resend", "https://api.resend.com/"),
    "sparkpost": Provider("SparkPost", "https://api.eu.sparkpost.com/api/v1/", can_untrack=True),
}


class _ByApi(BaseEmailBackend):
    """Hand mails to the provider. Its connection is kept from open() to close()."""

    def __init__(self, *, provider: str, alias: str | None = None, **options: Any) -> None:
        super().__init__(alias=alias)
        self._provider = PROVIDERS[provider]
        backend = import_string(f"anymail.backends.{provider}.EmailBackend")
        self._inner = backend(alias=alias, timeout=API_TIMEOUT_S, **options)

    def open(self) -> bool:
        return bool(self._inner.open())

    def close(self) -> None:
        self._inner.close()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Raises: MailRefused. AnswerLost: it may have been taken. OSError: it was not: it is away, or refuses us."""
        from anymail import exceptions  # noqa: PLC0415 — heavy, and most sites have no provider

        try:
            return int(self._inner.send_messages([self._for_provider(one) for one in email_messages]))
        except (exceptions.AnymailRecipientsRefused, exceptions.AnymailInvalidAddress):
            raise MailRefused from None  # their texts name addresses
        except exceptions.AnymailAPIError as error:
            fault = self._fault(error.status_code, error.__cause__)
        except exceptions.AnymailError as error:
            fault = OSError(f"{self._provider.title} cannot carry this mail: {type(error).__name__}.")
        except (LookupError, TypeError, AttributeError, ValueError):
            fault = self._fault(HTTPStatus.OK, None)  # an answer that django-anymail does not expect
        raise fault from None

    def _fault(self, status: int | None, cause: BaseException | None) -> Exception:
        if status in REFUSED:
            return MailRefused()
        if status is not None and status >= HTTPStatus.MULTIPLE_CHOICES:
            return OSError(f"{self._provider.title} did not take a mail: HTTP {status}.")
        if status is None and _never_left(cause):
            return OSError(f"{self._provider.title} did not take a mail: there is no connection to it.")
        return AnswerLost(f"{self._provider.title} may have taken a mail: its answer was not understood, or lost.")

    def _for_provider(self, message: EmailMessage) -> EmailMessage:
        """Bounces are told to us by the provider, so it has its own return path; and nothing watches the reader."""
        name_the_operator(message)
        message.from_email = message.extra_headers.pop("From", message.from_email)
        if self._provider.can_untrack:
            vars(message).update(track_opens=False, track_clicks=False)
        return message


def _never_left(cause: BaseException | None) -> bool:
    """Whether no connection came about; a request that was sent, and got no answer, may have been taken."""
    from requests.exceptions import ConnectTimeout, SSLError  # noqa: PLC0415 — see send_messages
    from urllib3.exceptions import NewConnectionError  # noqa: PLC0415 — see send_messages

    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return isinstance(cause, ConnectTimeout | SSLError) or isinstance(reason, NewConnectionError)


class ProviderBackend(Posting, _ByApi):
    """By the API of a provider, behind the request like SMTP."""
