"""What bulletins do when something happened elsewhere."""

from django.conf import settings

from vasistas.apps.accounts.events import AddressProven
from vasistas.apps.bulletins import operations
from vasistas.apps.bulletins.models import Channel
from vasistas.apps.privacy.events import ConsentChosen
from vasistas.apps.rooms.events import StateChanged
from vasistas.apps.rooms.models import State


def note_choice(chosen: ConsentChosen) -> None:
    operations.note_choice(
        subject_id=chosen.subject_id, key=chosen.key, channel=chosen.channel, act=chosen.act, at=chosen.at
    )


def tell_followers(changed: StateChanged) -> None:
    """Write down that a room's followers are to be told; the worker asks who they are, and whether it is live still."""
    if changed.state == State.LIVE:
        channels = [Channel.MAIL, *([Channel.SMS] if settings.SMS_PROVIDER else [])]
        operations.announce_live(room_id=changed.room_id, channels=channels, at=changed.at)


def follow_address(proven: AddressProven) -> None:
    operations.follow_address(subject_id=proven.subject_id, at=proven.at)
