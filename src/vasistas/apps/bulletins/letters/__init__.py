"""Letters: what is written once, and made out to each recipient (docs/apps/bulletins.md)."""

from vasistas.apps.bulletins.letters.letter import Letter, Recipient, RoomNews, compose, preview
from vasistas.apps.bulletins.letters.markdown import LetterRefused
from vasistas.apps.bulletins.letters.small import ConfirmationSms, confirmation, confirmation_sms, manage

__all__ = [
    "ConfirmationSms",
    "Letter",
    "LetterRefused",
    "Recipient",
    "RoomNews",
    "compose",
    "confirmation",
    "confirmation_sms",
    "manage",
    "preview",
]
