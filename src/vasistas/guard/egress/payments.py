"""A payment port behind the door: what a purchase is leaves for the provider that was chosen, and is noted."""

from collections.abc import Mapping

from vasistas.guard.egress import door, endpoints
from vasistas.guard.egress.door import TransferRefused
from vasistas.payments.port import Checkout, Hint, Payment, PaymentPort, Started, StatementLine

GIVEN = frozenset({"user.payment.purchase"})


class PaymentsBehindDoor:
    """A payment port that begins a purchase only at a declared provider, and notes it where that is another machine.

    What names a purchase by the provider's own number (`read`, `forget_method`) tells it nothing new, and passes as it
    is; so does a refund, once the door lets it. Evidence tells more: whoever submits it hands it over first.
    """

    def __init__(self, port: PaymentPort) -> None:
        self.name = port.name
        self._port = port
        self._endpoint = endpoints.PAYMENTS.get(port.name, port.name)

    def start(self, checkout: Checkout) -> Started:
        recipient = recipient_of(self.name)
        frame = door.require(recipient, GIVEN)
        if not endpoints.is_on_this_machine(self._endpoint):
            door.hand_over(recipient, GIVEN, [frame.scope.actor().subject_id])
        return self._port.start(checkout)

    def read(self, provider_ref: str) -> Payment:
        return self._port.read(provider_ref)

    def refund(self, provider_ref: str, *, amount_minor: int, key: str) -> Payment:
        door.require(recipient_of(self.name), GIVEN)
        return self._port.refund(provider_ref, amount_minor=amount_minor, key=key)

    def hint(self, headers: Mapping[str, str], body: bytes) -> Hint:
        return self._port.hint(headers, body)

    def statement(self, since: float, until: float) -> list[StatementLine]:
        return self._port.statement(since, until)

    def submit_evidence(self, provider_ref: str, document: bytes) -> None:
        door.require(recipient_of(self.name), GIVEN)
        self._port.submit_evidence(provider_ref, document)

    def forget_method(self, token: str) -> None:
        self._port.forget_method(token)


def recipient_of(provider: str) -> str:
    """Return the recipient of the policy that runs a payment provider.

    Raises: TransferRefused: none does.
    """
    endpoint = endpoints.PAYMENTS.get(provider, provider)
    for key, one in door.recipients().items():
        if endpoint in one.endpoints:
            return key
    raise TransferRefused(f"No recipient of the policy has the endpoint {endpoint!r}.")
