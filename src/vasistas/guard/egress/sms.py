"""SMS behind the door: the one way by which a number and a text leave for the provider, noted for whom it is."""

from vasistas import sms
from vasistas.guard.egress import door, endpoints

RECIPIENT = "sms"
CARRIED = frozenset({"user.contact.bulletin"})
FOLLOWING = frozenset({"user.behaviour.following"})


def send(*, to: str, text: str, key: str, subject_id: int | None, tells_following: bool = False) -> str:
    """Send one SMS, outside of a transaction; return the provider's number of it. The outbox's are not noted: they
    stay on this machine.

    Args: to: E.164. key: of this message alone, see SmsPort.send. subject_id: whom it is to; None: nobody we know.
        tells_following: the text says that a room they follow is live.

    Raises: TransferRefused: under the purpose in force it may not go. SmsError: see SmsPort.send. NotFound: this site
        sends no SMS.
    """
    port = sms.get_port()
    categories = CARRIED | (FOLLOWING if tells_following else frozenset())
    if RECIPIENT in endpoints.configured():
        door.hand_over(RECIPIENT, categories, [subject_id])
    else:
        door.require(RECIPIENT, categories)
    return port.send(to, text, key)
