"""What the site may ask of a provider of SMS, and what a provider says. Adapters: `outbox`, `twilio`.

Numbers are E.164 (ITU-T), like +352621123456. A provider knows a message by our key and its own number (ref) alone.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from vasistas.lib.errors import DomainError

type State = Literal["handed", "delivered", "unreachable", "nobody", "stopped", "failed"]

CALL_BYTES_MAX = 65_536  # of one message of a provider
TEXT_CHARS_MAX = 1_600  # of one message to a provider; ten segments


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """An SMS somebody sent us, verified. text: as written, or STOP or HELP where the provider understood it so."""

    sender: str
    text: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message, verified. provider_ref: as `send` returned it. key: as `send` got it, "" if unknown.

    state: `handed`: it is on its way, or not known yet. `unreachable`: switched off or away, for now. `nobody`: no
    telephone has this number, or none that takes SMS. `stopped`: the number has answered STOP to the provider.
    """

    provider_ref: str
    key: str
    state: State


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider's call is answered with. body: "" says nothing to whoever wrote."""

    content_type: str
    body: str


class SmsPort(Protocol):
    """Only `send` asks over the network, `TIMEOUT_S` at most: never inside a transaction. Numbers and texts stand in no
    exception. url, in calls of the provider: the whole address it called, as it spells it.
    """

    name: str

    def send(self, to: str, text: str, key: str) -> str:
        """Send one message, and return the provider's number of it.

        Args: key: ours, of this message alone; comes back with its status. Letters, digits and `-`.

        Raises: SmsUnreachable: not sent, again later. SmsUnclear: nobody knows. NumberStopped. NumberUnknown.
            SmsRefused.
        """

    def incoming(self, headers: Mapping[str, str], url: str, body: bytes) -> list[Incoming]:
        """Raises: CallForged: the provider has not signed it."""

    def status(self, headers: Mapping[str, str], url: str, body: bytes) -> Status:
        """Raises: CallForged."""

    def answer(self, to: str, text: str) -> Answer:
        """How the provider is told, in answer to its call of `incoming`, to send `text` back. text: "" for nothing."""


class SmsError(DomainError):
    """A provider of SMS refused or could not be asked."""

    status = 503
    code = "sms.failed"


class SmsUnreachable(SmsError):  # noqa: N818 — refusals read as facts, see lib.errors
    """It was certainly not sent: the provider could not be reached, or said that we ask too often."""

    code = "sms.unreachable"

    def __init__(self) -> None:
        super().__init__("The provider of SMS does not answer. Nothing was sent; try again in a minute.")


class SmsUnclear(SmsError):  # noqa: N818 — see above
    """It may have been sent: the provider got it, and did not say. Sending it again could be twice."""

    code = "sms.unclear"

    def __init__(self) -> None:
        super().__init__("The provider of SMS did not say whether it sent this. Look at its console.")


class NumberStopped(SmsError):  # noqa: N818 — see above
    """The number has answered STOP to the provider: it must not be written to."""

    status = 409
    code = "sms.number_stopped"

    def __init__(self) -> None:
        super().__init__("This number has answered STOP. Nothing was sent.")


class NumberUnknown(SmsError):  # noqa: N818 — see above
    """The provider reaches no telephone by this number."""

    status = 422
    code = "sms.number_unknown"

    def __init__(self) -> None:
        super().__init__("No SMS can be sent to this number. Give another one.")


class SmsRefused(SmsError):  # noqa: N818 — see above
    """The provider does not take it, and the code says why. `sms.account`, `sms.text`: it takes none of these, whoever
    they are to; the operator must act. `sms.route`: not to this number.
    """

    status = 502
    code = "sms.account"


class CallForged(SmsError):  # noqa: N818 — see above
    """Said in one way, whatever was wrong with it."""

    status = 400
    code = "sms.call_forged"

    def __init__(self) -> None:
        super().__init__("This message is not signed by the provider of SMS. Nothing was done.")
