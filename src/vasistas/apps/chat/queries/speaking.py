"""Why somebody may not speak, in words for them."""

from datetime import datetime
from math import ceil

from django.utils.translation import gettext as _

from vasistas.apps.chat import rules


def refusal_words(refusal: rules.Refusal | None, standing: rules.Standing, at: datetime) -> str:
    """Say why someone may not speak, in words for them; "" when they may."""
    if refusal is None:
        return ""
    left_s = (standing.muted_until - at).total_seconds() if standing.muted_until else 0
    return {
        rules.Refusal.SIGN_IN: _("Sign in to chat."),
        rules.Refusal.MAIL_NOT_VERIFIED: _(
            "Confirm your mail address to chat. The link is in the mail you got from us."
        ),
        rules.Refusal.BANNED: _("You are banned from this room."),
        rules.Refusal.MUTED: _("You are muted in this room for %(count)d more min.") % {"count": ceil(left_s / 60)},
        rules.Refusal.FOLLOWERS_ONLY: _("Only followers can chat here. Follow the room to join in."),
        rules.Refusal.FOLLOWS_TOO_SHORT: _("You follow this room only since a moment. Wait a little to chat here."),
        rules.Refusal.ACCOUNT_TOO_NEW: _("Your account is too new to chat in this room. Wait a little."),
        rules.Refusal.CLOSED: _("Only the host and the moderators can chat here now."),
    }[refusal]
