"""Who may do what in a chat, decided from facts that the caller has read."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vasistas.apps.chat.models import Message, RoomSettings


@dataclass(frozen=True)
class Standing:
    """What someone is in one room. muted_until: None when not muted. is_banned: now."""

    is_signed_in: bool = False
    has_verified_mail: bool = False
    is_staff: bool = False
    is_follower: bool = False
    is_banned: bool = False
    muted_until: datetime | None = None
    role: Message.Role = Message.Role.MEMBER

    @property
    def has_desk(self) -> bool:
        """Whether the room's tools are this person's: its host, its moderators, and the operator's staff."""
        return self.is_signed_in and (self.is_staff or self.role != Message.Role.MEMBER)


class Refusal(StrEnum):
    """Why someone may not speak; the values are codes of errors and never change."""

    SIGN_IN = "chat.sign_in"
    MAIL_NOT_VERIFIED = "chat.mail_not_verified"
    BANNED = "chat.banned"
    MUTED = "chat.muted"
    FOLLOWERS_ONLY = "chat.followers_only"
    CLOSED = "chat.closed"


def refusal_to_say(standing: Standing, settings: RoomSettings, at: datetime) -> Refusal | None:
    """Return why this person may not speak now, or None when they may."""
    is_member = standing.role == Message.Role.MEMBER and not standing.is_staff
    grounds = {  # the first that holds is the one told
        Refusal.SIGN_IN: not standing.is_signed_in,
        Refusal.MAIL_NOT_VERIFIED: not standing.has_verified_mail,
        Refusal.BANNED: standing.is_banned,
        Refusal.MUTED: standing.muted_until is not None and standing.muted_until > at,
        Refusal.CLOSED: is_member and settings.audience == RoomSettings.Audience.NOBODY,
        Refusal.FOLLOWERS_ONLY: (
            is_member and settings.audience == RoomSettings.Audience.FOLLOWERS and not standing.is_follower
        ),
    }
    return next((refusal for refusal, holds in grounds.items() if holds), None)


def can_post_links(standing: Standing, settings: RoomSettings) -> bool:
    return settings.links_allowed or standing.role != Message.Role.MEMBER


def can_moderate(standing: Standing, target: Standing) -> bool:
    """The host moderates everyone, a moderator only members, staff everyone but staff."""
    if target.is_staff and target.role == Message.Role.MEMBER:
        return False
    if standing.role == Message.Role.HOST:
        return target.role != Message.Role.HOST
    if standing.role == Message.Role.MODERATOR and target.role == Message.Role.MEMBER:
        return True
    return standing.is_staff and not target.is_staff


def needs_reason(standing: Standing) -> bool:
    """Staff act in rooms that are not theirs, and say why."""
    return standing.is_staff and standing.role == Message.Role.MEMBER
