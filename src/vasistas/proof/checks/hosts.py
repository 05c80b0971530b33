"""Clause 7: what a host sees of a member is a name and a mark of the host's own, nothing that leads further."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from django.urls import reverse

from vasistas.apps.accounts import queries as accounts
from vasistas.apps.chat import queries as chat
from vasistas.apps.chat.models import Message
from vasistas.apps.rooms.models import Room
from vasistas.guard.conformance.registry import Finding, check, counterexample, finding
from vasistas.guard.purposes import processing
from vasistas.proof import canary
from vasistas.proof.canary import Canaries
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
    for view in ("pages:studio", "pages:studio_snapshot", "pages:green_room"):
        yield view, reverse(view)


@counterexample("hosts.see_no_mail")
def show_mails_as_names(now: datetime) -> None:  # noqa: ARG001 — the shape of a counterexample
    make = chat._lines  # noqa: SLF001 — it plants a fault

    def with_mails(room: Room, rows: Any) -> list[chat.Line]:
        with processing("maintain", reason="it plants a fault"):
            return [replace(line, author=_mail_of(line.id)) for line in make(room, rows)]

    chat._lines = with_mails  # type: ignore[assignment]  # noqa: SLF001 — it plants a fault


def _mail_of(line: int) -> str:
    return str(Message.objects.select_related("author").get(pk=line).author.email)
