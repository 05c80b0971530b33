"""Pure decisions about addresses, topics and limits."""

from collections.abc import Mapping
from datetime import timedelta

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from vasistas.apps.bulletins.models import ADDRESS_CHARS_MAX, Channel, Topic
from vasistas.guard import addresses
from vasistas.lib.errors import DomainError

MASTER = "bulletins"  # the switch above every topic
TOPICS: Mapping[str, str] = {f"topic_{topic}": str(topic) for topic in Topic}  # switch of the policy -> topic
UNCONFIRMED_KEPT = timedelta(days=7)  # retention `unconfirmed_contact` of the policy
CODE_KEPT = timedelta(minutes=10)
CODE_ATTEMPTS_MAX = 5
SOFT_BOUNCES_MAX = 3  # temporary failures one after the other within SOFT_BOUNCES_WITHIN: then nobody is there
SOFT_BOUNCES_WITHIN = timedelta(days=14)

# What an audience may be built from, and what stands beside each; there is nothing about money, watching or speaking.
ATTRIBUTES: Mapping[str, str] = {
    "language": "list of languages of contacts",
    "account": "true: members; false: visitors without account",
    "follows_any": "true: who follows a room",
    "follows_category": "who follows a room of this category",
    "follows_room": "who follows the room of this number",
    "joined_before": "ISO 8601 day: who was there before it",
    "joined_after": "ISO 8601 day: who came on it or later",
}


class AddressRefused(DomainError):  # noqa: N818 — refusals read as facts, as in lib.errors
    """It is no mail address, or no telephone number. Nothing is written."""

    status = 422
    code = "bulletins.address_refused"


def switch_of(topic: str) -> str:
    """The key in the policy of a topic's switch."""
    return f"topic_{topic}"


def normalised(channel: str, address: str) -> str:
    """An address as it is stored and compared: mail in lower case, a number in E.164 (ITU-T), like +352621123456.

    Raises: AddressRefused: with a sentence that says what to type.
    """
    return _number(address) if channel == Channel.SMS else _mail(address)


def index_of(channel: str, address: str) -> str:
    """The keyed hash by which an address or number is known without being read. address: normalised."""
    return addresses.suppression_index(channel, address)


def _mail(address: str) -> str:
    found = addresses.normalised(address)
    try:
        validate_email(found)
    except ValidationError:
        found = ""
    if not found or len(found) > ADDRESS_CHARS_MAX or not found.isprintable():
        raise AddressRefused(_("This is no mail address. Type one like name@example.org."), fields={"address": ""})
    return found


def _number(address: str) -> str:
    try:
        found = phonenumbers.parse(address.strip(), None)
    except phonenumbers.NumberParseException:
        found = None
    if found is None or not phonenumbers.is_valid_number(found):
        raise AddressRefused(
            _("This is no telephone number. Type it with its country, like +352 621 123 456."), fields={"address": ""}
        )
    return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))
