"""Reads about members."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from allauth.account.models import EmailAddress
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from vasistas.apps.accounts.models import KnownBrowser, LoginAlertsOff, Member
from vasistas.guard.purposes import processing
from vasistas.guard.subjects import STATES_HELD
from vasistas.lib import lookalikes

ALIAS_CHARS = 16  # 64 bits: no two members of one audience meet by chance


class Known(Protocol):
    """Whoever has an account; apps above pass their member without importing the model."""

    pk: int


def alias_for(member: Known, audience: str) -> str:
    """Return the name under which `audience` (`"room:7"`) may know a member: always the same there, another elsewhere.

    A host cannot turn it back into an account, nor compare it with what another host sees. It changes with SECRET_KEY.
    """
    key = hmac.digest(settings.SECRET_KEY.encode(), b"vasistas.accounts.alias", hashlib.sha256)
    return hmac.new(key, f"{audience}|{member.pk}".encode(), hashlib.sha256).hexdigest()[:ALIAS_CHARS]


def is_name_taken(display_name: str, *, except_for: Known | None = None) -> bool:
    """Whether another member shows this name or one that reads the same."""
    others = Member.objects.filter(name_key=lookalikes.key(display_name))
    return (others.exclude(pk=except_for.pk) if except_for else others).exists()


def subject_of_address(address: str) -> int | None:
    """Whose proven address this is, or None."""
    members = Member.objects.filter(email__iexact=address.strip(), emailaddress__verified=True)
    return members.values_list("subject_id", flat=True).first()


def joined_at(member: Known) -> datetime | None:
    """When the account was opened: its own age, asked for nobody else."""
    with processing("account"):
        return Member.objects.filter(pk=member.pk).values_list("date_joined", flat=True).first()


def name_of_subject(subject_id: int) -> str:
    """The name shown of a subject that has an account, or ""."""
    return Member.objects.filter(subject_id=subject_id).values_list("display_name", flat=True).first() or ""


def has_second_factor(member: Known) -> bool:
    """Whether signing in as this member needs more than a password: an authenticator app or a passkey."""
    factors = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return bool(Authenticator.objects.filter(user_id=member.pk, type__in=factors).exists())


def reachable_members(*, joined_before: datetime) -> "QuerySet[Member]":
    """Everyone with a proven address who is not erased, suspended and restricted ones too, oldest first; loads what a
    mail needs. A change of the policy is told to all of them (GDPR Art. 12 to 14).
    """
    proven = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    there = Member.objects.filter(Exists(proven), date_joined__lt=joined_before, subject__state__in=STATES_HELD)
    return there.only("pk", "subject", "row_key", "email", "email_sealed").order_by("pk")


@dataclass(frozen=True)
class Security:
    """What protects one account. recovery_codes_left: None while there are none at all."""

    passkeys: int
    has_totp: bool
    recovery_codes_left: int | None
    has_password: bool
    has_alerts: bool
    browsers: int

    @property
    def has_second_factor(self) -> bool:
        return self.has_totp or self.passkeys > 0


def security_of(member: Member) -> Security:
    factors = list(Authenticator.objects.filter(user_id=member.pk))
    kinds = [one.type for one in factors]
    codes = next((one for one in factors if one.type == Authenticator.Type.RECOVERY_CODES), None)
    return Security(
        passkeys=kinds.count(Authenticator.Type.WEBAUTHN),
        has_totp=Authenticator.Type.TOTP in kinds,
        recovery_codes_left=len(codes.wrap().get_unused_codes()) if codes else None,
        has_password=member.has_usable_password(),
        has_alerts=has_login_alerts(member),
        browsers=KnownBrowser.objects.filter(member_id=member.pk).count(),
    )


def has_login_alerts(member: Known) -> bool:
    """Whether a sign-in from a browser not seen before is told by mail."""
    return not LoginAlertsOff.objects.filter(member_id=member.pk).exists()


def sessions_of(member: Known) -> Sequence[UserSession]:
    """The sessions that are open, the one last used first. Those that ended are forgotten on the way."""
    found: list[UserSession] = UserSession.objects.purge_and_list(member)
    return sorted(found, key=lambda one: one.last_seen_at, reverse=True)


# -- The demo ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StaffCode:
    """The code that signs the demo's staff in as their second factor. left_s: seconds it is good for."""

    code: str
    left_s: int


def demo_staff_code(now: float) -> StaffCode | None:
    """The code of the moment, or None where the demo made no secret for its staff."""
    path = demo_staff_secret_file()
    if not path.is_file():
        return None
    period_s = mfa_settings.TOTP_PERIOD
    code = totp.format_hotp_value(totp.hotp_value(path.read_text(), int(now) // period_s))
    return StaffCode(code, period_s - int(now) % period_s)


def demo_staff_secret_file() -> Path:
    """Where the demo keeps the one secret of its staff's authenticator."""
    return Path(settings.DATA) / "secrets" / "demo_staff_totp"
