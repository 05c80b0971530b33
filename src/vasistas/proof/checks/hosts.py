"""Clause 7: what a host sees of a member is a name and a mark of the host's own, nothing that leads further."""

import functools
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from allauth.usersessions.models import UserSession
from django.db import connection
from django.urls import reverse

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.chat import operations as chat_operations
from vasistas.apps.chat import queries as chat
from vasistas.apps.chat.models import Message
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms import queries as room_queries
from vasistas.apps.rooms.models import Room
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.purposes import processing
from vasistas.guard.rights import archive
from vasistas.proof import canary
from vasistas.proof.browser import public_pages
from vasistas.proof.canary import Canaries
from vasistas.proof.checks.rights import taken
from vasistas.realtime import events

OK = 200
REF = re.compile(r"^[0-9a-f]{16,}$")


@check(
    "hosts.see_pseudonyms",
    kind="canary",
    words={
        "en": "Two hosts know the same member by two different marks, on pages and on the wire.",
        "fr": "Deux hôtes connaissent le même membre sous deux marques différentes, sur les pages et le fil.",
    },
)
def hosts_see_pseudonyms(now: datetime) -> Finding:
    wrong = []
    with canary.stage(now) as canaries:
        with processing("chat"):
            wire = [chat.recent(room)[-1].wire() for room in canaries.rooms]
        pages = [_marks(canaries, room) for room in canaries.rooms]
        known = {"author", "author_ref", "role", "text", "at", "id"}
        wrong += ["wire: other fields"] if any(set(said) - known for said in wire) else []
        wrong += ["wire: the same mark twice"] if wire[0]["author_ref"] == wire[1]["author_ref"] else []
        wrong += ["wire: a mark that is none"] if not all(REF.match(said["author_ref"]) for said in wire) else []
        wrong += ["pages: the same mark twice"] if pages[0] & pages[1] else []
        wrong += ["pages: no mark"] if not all(pages) else []
    fields = {field.name for event in _events() for field in msgspec.structs.fields(event)}
    wrong += [f"wire: {name}" for name in fields & {"member_id", "subject_id", "user_id", "email", "mail", "ip"}]
    return finding(len(wire) + len(pages) + len(fields), wrong)


def _events() -> tuple[Any, ...]:
    return events.Event.__value__.__args__  # type: ignore[no-any-return]  # the members of a type alias


def _marks(canaries: Canaries, room: Room) -> set[str]:
    """The marks of people on the page of a room, as its host sees it."""
    host = canaries.ada if room == canaries.rooms[0] else canaries.mira
    answer = canary.browser_of(host).get(reverse("pages:watch", args=[room.slug]))
    return set(re.findall(r'data-ref="([^"]+)"', answer.text))


@counterexample("hosts.see_pseudonyms")
def give_one_mark_to_all(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    accounts.alias_for = lambda member, audience: f"{member.pk:016x}"  # noqa: ARG005 — it plants a fault


@check(
    "hosts.see_no_mail",
    kind="canary",
    words={
        "en": "No page and no answer a host gets holds a member's mail address, or another member's session.",
        "fr": "Aucune page ni réponse reçue par un hôte ne contient l’adresse e-mail ou la session d’un membre.",
    },
)
def hosts_see_no_mail(now: datetime) -> Finding:
    counted, wrong = 0, []
    with canary.stage(now) as canaries:
        with canary.arranging():
            mails = {canaries.vi.email, canaries.sam.email}
        browser = canary.browser_of(canaries.ada)
        for view, path in _pages_of_host(canaries):
            answer = browser.get(path)
            counted += answer.status_code == OK
            wrong += [view] if any(mail in answer.text for mail in mails) else []
    return finding(counted, wrong, at_least=4)


def _pages_of_host(canaries: Canaries) -> Iterator[tuple[str, str]]:
    slug, line = canaries.rooms[0].slug, canaries.lines[0].pk
    for view in ("pages:watch", "pages:snapshot", "chat:history", "chat:desk"):
        yield view, reverse(view, args=[slug])
    yield "chat:moderate", reverse("chat:moderate", args=[slug, line])
    for view in ("rooms:details", "rooms:moderators"):
        yield view, reverse(view, args=[slug])
    for view in ("pages:studio", "pages:studio_snapshot", "pages:green_room", "providers:studios"):
        yield view, reverse(view)
    for view in ("pages:my_data", "pages:my_reads", "pages:recipients"):
        yield view, reverse(view)
    for category in ("host.profile", "host.activity", "user.content.chat.public", "user.account.restriction"):
        yield "pages:my_category", reverse("pages:my_category", args=[category])


@counterexample("hosts.see_no_mail")
def show_mails_as_names(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    make = chat._lines  # noqa: SLF001 — it plants a fault

    def with_mails(room: Room, rows: Any) -> list[chat.Line]:
        with processing("maintain", reason="it plants a fault"):
            return [replace(line, author=_mail_of(line.id)) for line in make(room, rows)]

    chat._lines = with_mails  # type: ignore[assignment]  # noqa: SLF001 — it plants a fault


def _mail_of(line: int) -> str:
    return str(Message.objects.select_related("author").get(pk=line).author.email)


@check(
    "hosts.reach_nothing_more",
    kind="canary",
    words={
        "en": "Nothing a host can reach, in pages, answers to programs, pushed events and their own archive, holds a "
        "viewer's mail, network address, browser, or doings in another room.",
        "fr": "Rien de ce qu’un hôte peut atteindre, pages, réponses aux programmes, événements poussés et sa propre "
        "archive, ne contient l’e-mail, l’adresse réseau, le navigateur d’un spectateur, ni ce qu’il fait ailleurs.",
    },
)
def hosts_reach_nothing_more(now: datetime) -> Finding:
    counted, wrong = 0, []
    with canary.stage(now) as canaries:
        with canary.arranging():
            nowhere = _planted(canaries, now)
            not_at_home = _elsewhere(canaries)
        browser = canary.browser_of(canaries.ada)
        for view, path in _pages_of_host(canaries):
            for accepted in ("text/html,*/*", "application/json"):
                answer = browser.get(path, {"Accept": accepted})
                counted += answer.status_code == OK
                wrong += [f"{view}: {what}" for what in _found({**nowhere, **not_at_home}, answer.text)]
        for fact in _published():
            counted += 1
            wrong += [f"{type(fact).__name__}: {what}" for what in _found(nowhere, repr(fact))]
        archive_of_ada = archive.stream(canaries.ada.subject_id, at=now, language="en")
        for name, data in taken(archive_of_ada).items():
            counted += 1
            wrong += [f"{name}: {what}" for what in _found({**nowhere, **not_at_home}, data.decode())]
        for page in public_pages(browser):
            counted += page.status == OK
            wrong += [f"{page.view}: {what}" for what in _found(nowhere, page.markup)]
    return finding(counted, wrong, at_least=20)


def _found(planted: dict[str, str], text: str) -> list[str]:
    return [what for what, value in planted.items() if value in text]


def _published() -> list[object]:
    """The facts that Vi's doings would tell the gateway, which makes all that it pushes of them."""
    acts = [entry[1] for entry in connection.run_on_commit]
    return [act.args[0] for act in acts if isinstance(act, functools.partial) and act.args]


def _planted(canaries: Canaries, now: datetime) -> dict[str, str]:
    """What no host may see of Vi anywhere, after Vi did in Ada's room all that a host's pages tell of somebody."""
    vi, home = canaries.vi, canaries.rooms[0]
    session = UserSession.objects.create(
        user=vi,
        ip=f"2001:db8::{secrets.randbelow(9000) + 1000}:{secrets.randbelow(9000) + 1000}",  # of nobody (RFC 3849)
        user_agent=f"Canary/{secrets.token_hex(6)}",
        session_key=secrets.token_hex(16),
        last_seen_at=now,
    )
    rooms.follow(room=home, member=vi, at=now)
    chat_operations.mute(room=home, member=vi, by=canaries.ada, at=now, minutes=10, reason="A reason.")
    return {
        "mail": vi.email,
        "network address": session.ip,
        "browser": session.user_agent,
        "session": session.session_key,
        "audit number": vi.subject.audit_id,
    }


def _elsewhere(canaries: Canaries) -> dict[str, str]:
    """What Vi does in the other room: it may stand on that room's pages, and on none of Ada's."""
    other = canaries.rooms[1]
    return {
        "another room": other.slug,
        "a line of another room": canaries.lines[1].text,
        "the mark of another room": accounts.alias_for(canaries.vi, room_queries.audience_of(other)),
    }


@counterexample("hosts.reach_nothing_more")
def show_addresses_as_names(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    make = chat._lines  # noqa: SLF001 — it plants a fault

    def with_addresses(room: Room, rows: Any) -> list[chat.Line]:
        with processing("maintain", reason="it plants a fault"):
            return [replace(line, author=_address_of(line.id) or line.author) for line in make(room, rows)]

    chat._lines = with_addresses  # type: ignore[assignment]  # noqa: SLF001 — it plants a fault


def _address_of(line: int) -> str:
    author = Message.objects.values_list("author_id", flat=True).get(pk=line)
    return UserSession.objects.filter(user_id=author).values_list("ip", flat=True).first() or ""
