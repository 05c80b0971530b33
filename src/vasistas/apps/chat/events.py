"""What has happened in chats: ids, references and plain values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MessageSaid:
    """at: unix seconds. role: host, moderator or member."""

    room_id: int
    message_id: int
    author_name: str
    author_ref: str
    role: str
    text: str
    at: float


@dataclass(frozen=True)
class MessageDeleted:
    room_id: int
    message_id: int


@dataclass(frozen=True)
class AuthorCleared:
    room_id: int
    author_ref: str


@dataclass(frozen=True)
class SlowModeChanged:
    room_id: int
    seconds: int


@dataclass(frozen=True)
class MemberMuted:
    """until: unix seconds; not after now when the mute was lifted."""

    room_id: int
    member_id: int
    until: float
