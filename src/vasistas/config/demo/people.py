"""Who is in the demo: the cast, their rooms, and the programme that is printed."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.accounts.models import Member
from vasistas.apps.providers import operations as providers
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms.models import Room
from vasistas.apps.shows import operations as shows
from vasistas.config.demo import letters, money, support
from vasistas.guard.purposes import processing

PASSWORD_BYTES = 5
OFFERED = shows.Offered(  # minor units
    is_open=True,
    private_price=300,
    budget_minutes_min=2,
    group_price=100,
    ticket_price=500,
    spy_price=100,
    allows_spies=True,
    allows_cam=True,
)
STAFF_MAY = ["view_member", "view_host", "change_host", "view_studio", "view_room", "view_broadcast"]


@dataclass(frozen=True)
class Person:
    name: str
    does: str
    is_staff: bool = False

    @property
    def mail(self) -> str:
        return f"{self.name.lower()}@demo.example"


@dataclass(frozen=True)
class Show:
    """One host's room. picture: a scene of the synthetic host, or None for a room that waits for a real camera."""

    host: str
    slug: str
    details: rooms.RoomDetails
    picture: str | None = None


CAST = (
    Person("Ada", "hosts the Reef, live by itself"),
    Person("Nils", "hosts the Night sky, live by itself"),
    Person("Mira", "hosts a piano room: go live with your own camera"),
    Person("Bo", "moderates Ada's room"),
    Person("Vi", "watches, and may pay"),
    Person("Max", "is a stranger"),
    Person("Stu", "owns the studio Lux"),
    Person("Sam", "is support staff", is_staff=True),
    Person("Lea", "works the legal desk", is_staff=True),
)
SHOWS = (
    Show(
        "Ada",
        "reef",
        rooms.RoomDetails("The reef at noon", "nature", language="zxx", tags=("aquarium", "calm")),
        picture="aquarium",
    ),
    Show(
        "Nils",
        "night-sky",
        rooms.RoomDetails("Tonight's sky over Luxembourg", "places", language="zxx", tags=("stars", "calm")),
        picture="aurora",
    ),
    Show(
        "Mira",
        "piano-with-mira",
        rooms.RoomDetails("Piano, from the first key", "teaching", tags=("piano", "lessons", "beginners")),
    ),
)


def password(data: Path) -> str:
    """The one password of the cast, made once per data folder so that no two demos share one."""
    path = data / "secrets" / "demo_password"
    if not path.is_file():
        path.write_text(f"demo-{secrets.token_hex(PASSWORD_BYTES)}")
        path.chmod(0o600)
    return path.read_text()


def arrive(word: str) -> None:
    """Write the cast and their rooms, unless someone is there already."""
    with processing("account"):
        if Member.objects.exists():
            return
    _write(make_password(word))  # hashed before the transaction: it takes its time, and SQLite has one writer


@transaction.atomic
def _write(password_hash: str) -> None:
    with processing("account"):
        members = {person.name: _member(person, password_hash) for person in CAST}
    at = timezone.now()
    with processing("host"):
        for show in SHOWS:
            _open(show, members, at)
    with processing("provide"):
        providers.create_studio(owner=members["Stu"], name="Lux", slug="lux", at=at)
    money.furnish(members, at)
    letters.subscribe(members["Vi"], at)
    with processing("maintain", reason="the scene of the demo"):
        support.write(members["Vi"], Room.objects.with_host().get(slug=SHOWS[0].slug), at)


def _open(show: Show, members: dict[str, Member], at: datetime) -> None:
    host = providers.become_host(member=members[show.host], at=at, agreed=True)
    room = rooms.create_room(host=host, slug=show.slug, details=show.details, at=at)
    rooms.follow(room=room, member=members["Vi"], at=at)
    with processing("shows"):
        shows.set_offer(room=room, host=members[show.host], offered=OFFERED)
    if show.host == "Ada":
        rooms.add_moderator(room=room, member=members["Bo"], at=at)


def _member(person: Person, password_hash: str) -> Member:
    member = Member.objects.create_user(person.mail, person.name, None, is_staff=person.is_staff)
    member.password = password_hash
    member.save(update_fields=["password"])
    EmailAddress.objects.create(user=member, email=person.mail, verified=True, primary=True)
    if person.is_staff:
        TOTP.activate(member, staff_secret())
        member.user_permissions.set(Permission.objects.filter(codename__in=STAFF_MAY))
    return member


def staff_secret() -> str:
    """The one secret of the staff's authenticator; its codes stand on the page of the demo's mails."""
    path = accounts.demo_staff_secret_file()
    if not path.is_file():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(generate_totp_secret())
        path.chmod(0o600)
    return path.read_text()


@processing("rooms")
def on_air(hosts: int) -> list[tuple[Room, str]]:
    """The first `hosts` rooms that have a picture, with its name."""
    shows = [(show.slug, show.picture) for show in SHOWS if show.picture is not None][:hosts]
    return [(Room.objects.with_host().get(slug=slug), picture) for slug, picture in shows]


def programme(url: str, word: str) -> str:
    """What is printed once the site answers."""
    width = max(len(person.does) for person in CAST)
    logins = "\n".join(f"  {person.name:<5} {person.does:<{width}}  {person.mail}  {word}" for person in CAST)
    unchecked = "  hosts                go live unchecked here; a real site asks that staff has cleared them\n"
    hosts = "" if settings.HOSTS_MUST_VERIFY else unchecked
    return (
        f"\nVasistas is at {url}/\n"
        f"  a live room          {url}/rooms/reef/\n"
        f"  your own camera      sign in as Mira, then {url}/studio/live/\n"
        f"  the payment sandbox  {settings.SANDBOX_PAYMENTS_URL}/dashboard/\n"
        f"  all mails it sends   {url}/demo/mail/, and the codes that Sam and Lea need to sign in\n"
        f"{hosts}"
        f"  bulletins            {url}/bulletins/ to ask for them, then {url}/demo/mail/ to confirm\n\n"
        f"Logins (mail and password):\n{logins}\n\nCtrl-C stops it."
    )
