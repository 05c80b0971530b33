"""Clauses 1 and 6: what a private session costs, who stands on its list, and whether its talk is kept."""

from datetime import datetime, timedelta

from django.db.models import Q, Sum

from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.models import Room, State, WatchSession
from vasistas.apps.shows import operations, queries
from vasistas.apps.shows.models import PAYING, Kind, Line, Role, Seat, Show
from vasistas.apps.shows.models import State as ShowState
from vasistas.apps.shows.rules import charge
from vasistas.apps.wallet.models import Entry, TransferKind
from vasistas.guard.conformance.registry import Finding, check, count, counterexample, finding
from vasistas.guard.purposes import processing
from vasistas.proof import canary
from vasistas.proof.checks.seals import clear_rows
from vasistas.proof.scene import SLUG

SEATS_LOOKED_AT = 10_000  # newest
SETTLING = timedelta(seconds=30)  # a session that is just being closed at the node
PRICE = 300  # of what counterexamples plant, minor units per minute


# -- No picture, no charge ---------------------------------------------------------------------------------------------


@check(
    "shows.charge_at_most_delivered",
    kind="live",
    words={
        "en": "No seat of a show was charged more than the price of the seconds delivered to it, by the ledger itself.",
        "fr": "Aucune place n’a coûté plus que le prix des secondes qui lui ont été transmises, d’après le registre.",
    },
)
def charge_at_most_delivered(now: datetime) -> Finding:  # noqa: ARG001 — the shape of a check
    seats = list(Seat.objects.filter(role__in=PAYING).order_by("-pk")[:SEATS_LOOKED_AT])
    taken = _taken([seat.hold_id for seat in seats if seat.hold_id is not None])
    delivered = dict(
        Seat.objects.filter(pk__in=[seat.pk for seat in seats])
        .annotate(total=Sum("deliveries__delivered_s"))
        .values_list("pk", "total")
    )
    wrong = [seat.pk for seat in seats if _is_overcharged(seat, delivered[seat.pk] or 0, taken.get(seat.hold_id, 0))]
    return count(len(seats), len(wrong), "seats")


def _taken(holds: list[int]) -> dict[int | None, int]:
    """What left each hold for good."""
    rows = Entry.objects.filter(
        account__in=holds, transfer__kind__in=[TransferKind.SESSION, TransferKind.TICKET]
    ).values_list("account")
    return {account: -int(total) for account, total in rows.annotate(total=Sum("amount"))}


def _is_overcharged(seat: Seat, delivered_s: int, taken: int) -> bool:
    most = seat.price if delivered_s else 0
    if seat.role != Role.TICKET:
        most = charge(price=seat.price, delivered_s=delivered_s, budget=seat.budget)
    return taken > most or taken != seat.charged_minor


@counterexample("shows.charge_at_most_delivered")
def charge_a_second_more(now: datetime) -> None:
    with processing("maintain", reason="it plants a fault"):
        seat = _seated(_running(now), Member.objects.get(display_name="Vi"), Role.PAYER, now)
        Seat.objects.filter(pk=seat.pk).update(delivered_s=10, charged_minor=PRICE * 11 // 60)
        seat.deliveries.create(session="0" * 32, delivered_s=10)


# -- No hidden watchers ------------------------------------------------------------------------------------------------


@check(
    "shows.list_everyone",
    kind="canary",
    words={
        "en": "Everyone who watches a closed room, a spy and staff among them, stands on the list both sides see.",
        "fr": "Quiconque regarde un salon fermé, espion ou équipe compris, figure sur la liste vue des deux côtés.",
    },
)
def list_everyone(now: datetime) -> Finding:
    rooms = Room.objects.filter(state=State.PRIVATE, state_at__lte=now - SETTLING)
    watching = WatchSession.objects.filter(room__in=rooms, ended_at=None, started_at__lte=now - SETTLING)
    here = Seat.objects.filter(show__state=ShowState.RUNNING).filter(Q(left_at=None) | Q(left_at__gt=now - SETTLING))
    listed = set(here.values_list("show__room", "subject"))
    watched = list(watching.values_list("room", "subject"))
    wrong = ["rooms.WatchSession of nobody listed" for one in watched if one not in listed]
    with canary.stage(now) as canaries:
        with canary.arranging():
            show = _running(now, canaries.rooms[0])
            roles = {
                Role.HOST: canaries.ada,
                Role.PAYER: canaries.vi,
                Role.SPY: canaries.mira,
                Role.STAFF: canaries.sam,
            }
            for role, member in roles.items():
                _seated(show, member, role, now)
        with processing("shows"):
            for role in (Role.HOST, Role.PAYER):
                seen = {(one.name, one.role) for one in queries.view_for(show, roles[role], now).people}
                missing = {(member.display_name, kind) for kind, member in roles.items()} - seen
                wrong += [f"{role} does not see {kind}" for _name, kind in missing]
    return finding(len(watched) + len(roles), wrong, at_least=len(roles))


@counterexample("shows.list_everyone")
def watch_unlisted(now: datetime) -> None:
    with processing("maintain", reason="it plants a fault"):
        then = now - 2 * SETTLING
        Room.objects.filter(slug=SLUG).update(state=State.PRIVATE, state_at=then)
        sam = Member.objects.get(display_name="Sam")
        room = Room.objects.get(slug=SLUG)
        WatchSession.objects.create(
            room=room, session="1" * 32, subject_id=sam.subject_id, started_at=then, joined_at=then
        )


# -- What is said there ------------------------------------------------------------------------------------------------


@check(
    "shows.chat_kept_as_both_chose",
    kind="canary",
    words={
        "en": "A line of a private session is stored only where both sides chose so, and then sealed.",
        "fr": "Une ligne d’une séance privée n’est stockée que si les deux côtés l’ont choisi, et alors scellée.",
    },
)
def chat_kept_as_both_chose(now: datetime) -> Finding:
    lines = Line.objects.count()
    unwanted = Line.objects.filter(Q(show__keeps_chat=False) | ~Q(show__kind=Kind.PRIVATE)).count()
    chosen = Seat.objects.filter(role=Role.PAYER, wants_chat_kept=True).values("show")
    unwanted += Line.objects.filter(show__keeps_chat=True).exclude(show__in=chosen).count()
    _counted, clear = clear_rows(Line._meta.db_table, "text")
    wrong = ["shows.Line against a choice"] * unwanted + ["shows.Line in the clear"] * clear
    with canary.stage(now) as canaries:
        with canary.arranging():
            show = _running(now, canaries.rooms[0])
            _seated(show, canaries.ada, Role.HOST, now)
            _seated(show, canaries.vi, Role.PAYER, now)
        with processing("shows"):
            operations.say(show=show, author=canaries.vi, text="Between us alone.", at=now)
            wrong += ["shows.say stores what nobody chose to keep"] * Line.objects.filter(show=show).count()
    return finding(lines + 1, wrong, at_least=1)


@counterexample("shows.chat_kept_as_both_chose")
def keep_what_nobody_chose(now: datetime) -> None:
    with processing("maintain", reason="it plants a fault"):
        vi = Member.objects.get(display_name="Vi")
        Line.objects.create(show=_running(now), author_id=vi.subject_id, text="Kept anyway.", said_at=now)


# -- Inside ------------------------------------------------------------------------------------------------------------


def _running(now: datetime, room: Room | None = None) -> Show:
    """A show as rows alone: no node is asked. Its room stays as it is."""
    return Show.objects.create(
        kind=Kind.PRIVATE,
        room=room or Room.objects.with_host().get(slug=SLUG),
        state=ShowState.RUNNING,
        price=PRICE,
        requested_at=now,
        accepted_at=now,
        started_at=now,
    )


def _seated(show: Show, member: Member, role: Role, now: datetime) -> Seat:
    return Seat.objects.create(
        show=show, subject_id=member.subject_id, role=role, price=PRICE, budget=PRICE, accepted_terms_at=now
    )
