"""Bulletins in the demo: one of the cast wants to know by mail when a room goes live."""

from datetime import datetime

from vasistas.apps.accounts.models import Member
from vasistas.apps.bulletins import operations as bulletins
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.operations import Said

SWITCHES = (("bulletins", ""), ("topic_webcams", "mail"), ("topic_features", "mail"))


def subscribe(member: Member, at: datetime) -> None:
    """Switch on what the letters of the demo need, as the member would in My Account."""
    texts = bulletins.texts("en")
    for key, channel in SWITCHES:
        privacy.give_consent(
            subject_id=member.subject_id, key=key, channel=channel, text_hash=texts[key], said=Said(at)
        )
