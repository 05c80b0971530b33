"""The clean scene of the scratch site: the cast, a live room with its talk, and what hangs on people."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils.module_loading import import_string

from vasistas.apps.accounts.models import Member
from vasistas.apps.chat import operations as chat
from vasistas.apps.providers import operations as providers
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Room, WatchSession
from vasistas.apps.support.models import Probe
from vasistas.apps.support.operations import intake
from vasistas.guard.policy import approvals, get_policy, versions
from vasistas.guard.policy.faults import PolicyRefused
from vasistas.guard.policy.model import Policy
from vasistas.guard.purposes import processing
from vasistas.guard.reads import operations as reads
from vasistas.inbound import parse

SLUG = "proof-reef"
TOTP_SECRET_BYTES = 20
AGO = timedelta(minutes=10)


@dataclass(frozen=True)
class Cast:
    ada: Member
    bo: Member
    vi: Member
    max: Member
    sam: Member
    room: Room


def build(now: datetime) -> None:
    """Write the scene into an empty site, under a released policy."""
    vouch_for_versions(now)
    if not get_policy().is_released:
        release(now)
    with processing("maintain", reason="the scene of the scratch site"):
        _furnish(now)


def release(at: datetime, effective: date | None = None) -> Policy:
    """Release the draft as if at `at`, approved by two people of nobody; a widening on the first day it may."""
    earliest = at.date() + timedelta(days=versions.NOTICE_DAYS + versions.TELLING_DAYS)

    def approved(found: versions.Candidate) -> bytes:
        return _approvals(found.number, found.effective, found.files_hash, at)

    try:
        versions.release(settings.POLICY, effective=effective, today=at.date(), approved=approved)
    except PolicyRefused:
        versions.release(settings.POLICY, effective=earliest, today=at.date(), approved=approved)
    get_policy.cache_clear()
    return get_policy()


def vouch_for_versions(at: datetime) -> None:
    """Sign the approvals of the site's versions anew: the scratch site knows another key, and none of theirs."""
    for number in versions.history(settings.POLICY)[1:]:
        snapshot = settings.POLICY / versions.FOLDER / str(number)
        policy = versions.get_version(settings.POLICY, number)
        if policy is not None:
            sums = [line for line in (snapshot / versions.SUMS).read_text().splitlines() if approvals.FILE not in line]
            files_hash = hashlib.sha256("".join(f"{line}\n" for line in sums).encode()).hexdigest()
            signed = _approvals(number, policy.effective, files_hash, at)
            (snapshot / approvals.FILE).write_bytes(signed)
            sums.append(f"{hashlib.sha256(signed).hexdigest()}  {approvals.FILE}")
            (snapshot / versions.SUMS).write_text("".join(f"{line}\n" for line in sums))


def _approvals(number: int, effective: date, files_hash: str, at: datetime) -> bytes:
    given = [approvals.Approval(str(uuid.uuid4()), "staff", at) for _ in range(approvals.APPROVALS_MIN)]
    key = reads.signing_key(at=at)
    return approvals.signed(number=number, effective=effective, files=files_hash, released_at=at, given=given, key=key)


def _furnish(now: datetime) -> Cast:
    ada, bo, vi, max_ = (arrive(name) for name in ("Ada", "Bo", "Vi", "Max"))
    sam = arrive("Sam", is_staff=True, is_superuser=True)
    give_second_factor(sam)
    vi.set_password(secrets.token_urlsafe())
    vi.save()
    host = providers.become_host(member=ada, at=now, agreed=True)
    room = rooms.create_room(host=host, slug=SLUG, details=rooms.RoomDetails("The reef at noon", "nature"), at=now)
    rooms.add_moderator(room=room, member=bo, at=now)
    rooms.follow(room=room, member=vi, at=now)
    providers.create_studio(owner=arrive("Stu"), name="Lux", slug="lux", at=now)
    chat.say(room=room, author=vi, text="The small fish is back.", at=now - AGO)
    chat.say(room=room, author=ada, text="It was never far.", at=now - AGO)
    chat.mute(room=room, member=max_, by=ada, at=now, minutes=10, reason="Too loud.")
    WatchSession.objects.create(
        room=room, session=secrets.token_hex(16), subject=vi.subject, started_at=now - AGO, delivered_s=60
    )
    probe = Probe.objects.create(sent_at=now - AGO)
    mail = f"From: {settings.OPERATOR.mail}\r\nSubject: probe {probe.token}\r\n\r\nHello.\r\n".encode()
    intake.read(parse(mail, to=settings.OPERATOR.mail), at=now - AGO)
    return Cast(ada, bo, vi, max_, sam, room)


def arrive(name: str, **roles: bool) -> Member:
    """Let someone of the cast in, with a proven address and no password."""
    mail = f"{name.lower().replace(' ', '.')}.{secrets.token_hex(4)}@proof.invalid"
    member = Member.objects.create_user(mail, name, None, **roles)
    EmailAddress.objects.create(user=member, email=mail, verified=True, primary=True)
    return member


def give_second_factor(member: Member) -> None:
    TOTP.activate(member, secrets.token_hex(TOTP_SECRET_BYTES))


def sign_in(member: Member) -> str:
    """Open a session as signing in would, and return its key for the cookie."""
    session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")()
    session[SESSION_KEY] = str(member.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    session.save()
    return str(session.session_key)
