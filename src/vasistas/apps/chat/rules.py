"""Who may do what in a chat, decided from facts that the caller has read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from vasistas.apps.chat.models import Message, RoomSettings
from vasistas.lib import lookalikes

LISTED_MAX = 500  # lines of a list
LISTED_LETTERS_MIN = 2
PHRASE_PARTS_MAX = 12  # words of a phrase, or letters that stand apart


@dataclass(frozen=True)
class Standing:
    """What someone is in one room. muted_until: None when not muted. is_banned: now."""

    is_signed_in: bool = False
    has_verified_mail: bool = False
    is_staff: bool = False
    is_follower: bool = False
    follows_since: datetime | None = None
    joined_at: datetime | None = None
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
    FOLLOWS_TOO_SHORT = "chat.follows_too_short"
    ACCOUNT_TOO_NEW = "chat.account_too_new"
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
        Refusal.FOLLOWS_TOO_SHORT: (
            is_member
            and settings.audience == RoomSettings.Audience.FOLLOWERS
            and _is_since(standing.follows_since, settings.follow_min, at)
        ),
        Refusal.ACCOUNT_TOO_NEW: is_member and _is_since(standing.joined_at, settings.account_age_min, at),
    }
    return next((refusal for refusal, holds in grounds.items() if holds), None)


def _is_since(since: datetime | None, minutes: int, at: datetime) -> bool:
    """Whether something began less than so many minutes ago; nothing did, if it is not known."""
    return bool(minutes) and since is not None and at - since < timedelta(minutes=minutes)


def listed_keys(written: str) -> frozenset[str]:
    """What a list of words is compared by: a word or phrase a line, without case, accents and look-alikes."""
    keys = (lookalikes.loose_key(line) for line in written.splitlines()[:LISTED_MAX])
    return frozenset(key for key in keys if len(key) >= LISTED_LETTERS_MIN)


def holds_listed(text: str, keys: frozenset[str]) -> bool:
    """Whether a text holds a word or phrase of a list. Whole words alone, so that no innocent word is hit; letters that
    stand apart ("b a d") are read together. One pass: linear in the text, whatever the list.
    """
    if not keys:
        return False
    parts = [key for key in map(lookalikes.loose_key, text.split()) if key]
    for start in range(len(parts)):
        joined = ""
        for part in parts[start : start + PHRASE_PARTS_MAX]:
            joined += part
            if joined in keys:
                return True
    return False


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
