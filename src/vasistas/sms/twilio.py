"""Twilio behind the port, with its own library. API: https://www.twilio.com/docs/messaging/api/message-resource."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from xml.sax.saxutils import escape

from vasistas.sms.port import (
    CALL_BYTES_MAX,
    Answer,
    CallForged,
    Incoming,
    NumberStopped,
    NumberUnknown,
    SmsRefused,
    SmsUnclear,
    SmsUnreachable,
    State,
    Status,
)

API = "https://api.twilio.com"
TIMEOUT_S = 15.0  # to connect, and for each piece of an answer
FIELDS_MAX = 100  # of one call; Twilio sends some thirty
TOO_OFTEN = 429
SERVERS_FAULT = 500
# https://www.twilio.com/docs/api/errors
STOPPED = frozenset({21610})
UNKNOWN = frozenset({21211, 21214, 21217, 21401, 21421, 21614, 21635, 30005, 30006})
ROUTE = frozenset({21408, 21612})  # a country, or a pair of numbers, that this account does not serve
TEXT = frozenset({21602, 21617, 21619})
TOO_MANY = frozenset({14107, 20429, 21611, 30001})
AWAY = frozenset({30003, 30017})
ENDED: Mapping[str, State] = {
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
}

_NOTHING = {"read": "nothing"}  # in place of this process's environment; the library takes an empty one for none given
_library = logging.getLogger(f"{__name__}.library")  # tells each address it asks, and headers
_library.setLevel(logging.CRITICAL)
logger = logging.getLogger(__name__)


class TwilioPort:
    """Args: account: AC…. token: its auth token, which signs Twilio's calls too. sender: a number (E.164), a name, or
    a messaging service (MG…). status_url: where Twilio tells what became of a message, "" for nowhere. api_url: another
    address, in tests. May be used from many threads.
    """

    name = "twilio"

    def __init__(
        self,
        *,
        account: str,
        token: str,
        sender: str,
        status_url: str = "",
        api_url: str = API,
    ) -> None:
        from requests import exceptions  # noqa: PLC0415 — only a site that uses Twilio loads its library
        from twilio.base.exceptions import TwilioException  # noqa: PLC0415 — see above
        from twilio.http.http_client import TwilioHttpClient  # noqa: PLC0415 — see above
        from twilio.request_validator import RequestValidator  # noqa: PLC0415 — see above
        from twilio.rest import Client  # noqa: PLC0415 — see above

        self._errors, self._refusal = exceptions, TwilioException
        self._sender = {"messaging_service_sid" if sender.startswith("MG") else "from_": sender}
        self._status_url = status_url
        self._validator = RequestValidator(token)
        http = TwilioHttpClient(timeout=TIMEOUT_S, logger=_library)
        http.session.trust_env = False  # no proxy and no .netrc of this machine: the key goes to Twilio alone
        client = Client(account, token, http_client=http, environment=_NOTHING)
        client.api.base_url = api_url
        self._messages = client.messages

    def send(self, to: str, text: str, key: str) -> str:
        callback = {"status_callback": f"{self._status_url}?{urlencode({'key': key})}"} if self._status_url else {}
        with self._asking():
            made = self._messages.create(to=to, body=text, **self._sender, **callback)
        if not isinstance(made.sid, str) or not made.sid:
            raise SmsUnclear
        return made.sid

    def incoming(self, headers: Mapping[str, str], url: str, body: bytes) -> list[Incoming]:
        said = self._verified(headers, url, body)
        sender = said.get("From", "")
        text = said.get("OptOutType") or said.get("Body", "")  # its own words for STOP, in many languages
        return [Incoming(sender=sender, text=text)] if sender else []

    def status(self, headers: Mapping[str, str], url: str, body: bytes) -> Status:
        said = self._verified(headers, url, body)
        key = parse_qs(urlsplit(url).query).get("key", [""])[0]
        state = ENDED.get(said.get("MessageStatus", ""), "handed")
        if state == "failed":
            state = _why(said.get("ErrorCode", ""))
        return Status(provider_ref=said.get("MessageSid", ""), key=key, state=state)

    def answer(self, to: str, text: str) -> Answer:  # noqa: ARG002 — Twilio answers whoever wrote
        """TwiML: https://www.twilio.com/docs/messaging/twiml/message."""
        message = f"<Message>{escape(text)}</Message>" if text else ""
        body = f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'
        return Answer(content_type="text/xml; charset=utf-8", body=body)

    def _verified(self, headers: Mapping[str, str], url: str, body: bytes) -> dict[str, str]:
        """Return the fields of a call. Raises: CallForged."""
        signature = {name.lower(): value for name, value in headers.items()}.get("x-twilio-signature", "")
        try:
            if len(body) > CALL_BYTES_MAX:
                raise CallForged
            said = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
            is_signed = self._validator.validate(url, said, signature)
        except ValueError:  # no UTF-8, too many fields, an address that is none
            raise CallForged from None
        if not is_signed:
            raise CallForged
        return said

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn the library's errors into the port's. Its sentences stay behind: they quote the number."""
        try:
            yield
        except self._errors.RequestException as error:
            raise _lost(error, self._errors.ConnectTimeout, self._errors.SSLError) from None
        except self._refusal as error:
            raise _refused(getattr(error, "status", SERVERS_FAULT), getattr(error, "code", 0)) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SmsUnclear from None  # an answer that is none of Twilio's


def _refused(status: int, code: object) -> Exception:
    number = int(str(code)) if str(code).isdecimal() else 0
    if number in STOPPED | UNKNOWN:
        return NumberStopped() if number in STOPPED else NumberUnknown()
    if status == TOO_OFTEN or number in TOO_MANY:
        return SmsUnreachable()
    if number in TEXT:
        return SmsRefused("The provider of SMS does not take this text. Write another one.", code="sms.text")
    if number in ROUTE:
        return SmsRefused("The provider of SMS does not reach this number from here.", code="sms.route")
    if status >= SERVERS_FAULT:
        return SmsUnclear()
    logger.error("sms.refused status=%s code=%s", status, number)
    return SmsRefused("The provider of SMS refuses this site. Tell the operator; the log has the provider's code.")


def _lost(error: Exception, *before_sending: type[Exception]) -> Exception:
    """What a connection's end means: before the request was out, nothing was sent; after it, nobody knows."""
    from urllib3.exceptions import NameResolutionError, NewConnectionError  # noqa: PLC0415 — Twilio's library's own

    reason = getattr(error.args[0], "reason", None) if error.args else None
    is_unsent = isinstance(error, before_sending) or isinstance(reason, NewConnectionError | NameResolutionError)
    return SmsUnreachable() if is_unsent else SmsUnclear()


def _why(code: str) -> State:
    number = int(code) if code.isdecimal() else 0
    if number in STOPPED:
        return "stopped"
    if number in UNKNOWN:
        return "nobody"
    return "unreachable" if number in AWAY else "failed"
