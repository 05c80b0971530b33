"""What people of the demo have written and reported, so that the desks are not empty."""

from datetime import datetime, timedelta

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.models import Room
from vasistas.apps.safety import operations as safety
from vasistas.apps.support import operations as support
from vasistas.apps.support.models import CannedAnswer
from vasistas.apps.support.operations.intake import Said

AGO = timedelta(hours=3)


def write(vi: Member, room: Room, at: datetime) -> None:
    """Two conversations, an answer kept ready, and a report."""
    black = Said(title="The picture stays black", text="In the room of the aquarium I hear the water and see nothing.")
    support.report(subject_id=vi.subject_id, address="", said=black, at=at - AGO)
    card = Said(title="Which cards do you take?", text="I would like to buy credits, and my card is refused.")
    support.report(subject_id=None, address="max@example.net", said=card, at=at)
    CannedAnswer.objects.create(
        name="Black picture",
        text="Please reload the page once. If it stays black, tell us your browser and its version.",
    )
    said = safety.Reported(room, "rules", "The title promises fish, and for an hour there were none.")
    safety.report(by=vi, said=said, at=at)
