"""What the sockets of a room, its studio and the lobby carry of a viewer: the name shown and a mark of this room."""

import pytest
from allauth.usersessions.models import UserSession

from tests.factories.chat import NOW, after
from vasistas import realtime
from vasistas.apps.accounts import queries as accounts
from vasistas.apps.chat import operations as chat
from vasistas.apps.rooms import operations as rooms
from vasistas.realtime.bus import InProcessBus


class Tap(InProcessBus):
    """Keeps every frame."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[tuple[str, bytes]] = []

    def publish(self, channel: str, tail: bytes):
        self.frames.append((channel, tail))
        return super().publish(channel, tail)


@pytest.fixture
def tap(monkeypatch) -> Tap:
    made = Tap()
    monkeypatch.setattr(realtime._State, "bus", made)
    return made


@pytest.mark.django_db
def test_no_frame_a_host_hears_tells_more_than_name_and_mark(cast, tap, django_capture_on_commit_callbacks):
    vi, room = cast.vi, cast.room
    UserSession.objects.create(user=vi, ip="2001:db8::7", user_agent="Planted/1", session_key="planted-key")

    with django_capture_on_commit_callbacks(execute=True):
        said = chat.say(room=room, author=vi, text="Hello.", at=NOW)
        rooms.follow(room=room, member=vi, at=NOW)
        chat.mute(room=room, member=vi, by=cast.ada, at=after(1), minutes=1, reason="Too loud.")
        chat.delete(message=said, by=cast.ada, at=after(2))
        rooms.ban(room=room, member=vi, by=cast.ada, at=after(3), reason="Far too loud.")

    assert tap.frames
    planted = (vi.email, "2001:db8::7", "Planted/1", "planted-key", vi.subject.audit_id)
    heard = [frame for channel, frame in tap.frames if not channel.startswith("member:")]
    assert [frame for frame in heard for value in planted if value.encode() in frame] == []
    assert any(accounts.alias_for(vi, f"room:{room.pk}").encode() in frame for frame in heard)
