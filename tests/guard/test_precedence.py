"""The laws of precedence, as properties over random people, rows and moments; and the order itself, as a table."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vasistas.guard.precedence import (
    HOLD_MAX,
    Datum,
    Decision,
    Fate,
    Hold,
    Restriction,
    Standing,
    Statute,
    Use,
    decide,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
CATEGORIES = ("user.content.chat.public", "user.contact.email", "user.financial.ledger")
PURPOSES = ("chat", "market", "accounting", "account")

moments = st.integers(0, 400).map(lambda days: START + timedelta(days=days))
spans = st.integers(0, 200).map(lambda days: timedelta(days=days))
scopes = st.frozensets(st.sampled_from(CATEGORIES), min_size=1)
uses = st.builds(
    Use,
    purpose=st.sampled_from(PURPOSES),
    maximum=st.none() | spans,
    needs_consent=st.booleans(),
    can_be_objected=st.booleans(),
)


@st.composite
def holds(draw: Any) -> Hold:
    since, placed_at = draw(moments), draw(moments)
    lasts = draw(st.integers(0, HOLD_MAX.days))
    return Hold(
        key=draw(st.sampled_from(["case-1", "case-2", "case-3"])),
        owner="Lea",
        categories=draw(scopes),
        since=since,
        until=since + draw(spans),
        placed_at=placed_at,
        expires_at=placed_at + timedelta(days=lasts),
    )


restrictions = st.builds(Restriction, key=st.sampled_from(["r-1", "r-2"]), categories=scopes)
events = st.one_of(
    st.tuples(st.just("erase"), moments).map(lambda one: lambda standing: standing.erase(one[1])),
    st.tuples(st.sampled_from(PURPOSES), moments, st.booleans()).map(
        lambda one: lambda standing: standing.consent(one[0], one[1], given=one[2])
    ),
    st.tuples(st.sampled_from(PURPOSES), moments, st.booleans()).map(
        lambda one: lambda standing: standing.object_to(one[0], one[1], sustained=one[2])
    ),
    restrictions.map(lambda one: lambda standing: standing.restrict(one)),
    st.sampled_from(["r-1", "r-2"]).map(lambda key: lambda standing: standing.lift(key)),
    holds().map(lambda one: lambda standing: standing.hold(one)),
    st.sampled_from(["case-1", "case-2", "case-3"]).map(lambda key: lambda standing: standing.release(key)),
)


def standing_after(happened: Any) -> Standing:
    standing = Standing()
    for event in happened:
        standing = event(standing)
    return standing


standings = st.lists(events, max_size=8).map(standing_after)


@st.composite
def data(draw: Any) -> Datum:
    held = draw(st.frozensets(uses, max_size=4))
    # The compiler refuses a minimum above the maximum; a statute keeps a field for a purpose that used it anyway.
    lawful = [
        Statute(use.purpose, draw(spans if use.maximum is None else st.just(use.maximum)))
        for use in held
        if not use.needs_consent and not use.can_be_objected and draw(st.booleans())
    ]
    return Datum(
        category=draw(st.sampled_from(CATEGORIES)),
        counted_from=draw(st.none() | moments),
        uses=held,
        statutes=frozenset(lawful),
        created_at=draw(moments),
    )


# -- Blockers are scoped, expire, are owned --------------------------------------------------------------------------


@given(data(), standings, holds(), moments)
def test_a_hold_outside_its_categories_changes_nothing(
    datum: Datum, standing: Standing, hold: Hold, now: datetime
) -> None:
    elsewhere = replace(hold, key="case-new", categories=frozenset(CATEGORIES) - {datum.category})
    assert decide(datum, standing.hold(elsewhere), now) == decide(datum, standing, now)


@given(data(), standings, holds())
def test_a_hold_that_has_expired_changes_nothing(datum: Datum, standing: Standing, hold: Hold) -> None:
    fresh = replace(hold, key="case-new")
    assert decide(datum, standing.hold(fresh), hold.expires_at) == decide(datum, standing, hold.expires_at)


@given(data(), standings, restrictions, moments)
def test_a_restriction_of_other_categories_changes_nothing(
    datum: Datum, standing: Standing, restriction: Restriction, now: datetime
) -> None:
    elsewhere = replace(restriction, key="r-new", categories=frozenset(CATEGORIES) - {datum.category})
    assert decide(datum, standing.restrict(elsewhere), now) == decide(datum, standing, now)


@given(data(), standings, spans)
def test_a_statute_whose_minimum_is_over_changes_nothing(datum: Datum, standing: Standing, minimum: timedelta) -> None:
    if datum.counted_from is None:
        datum = replace(datum, counted_from=START)
    assert datum.counted_from is not None
    over = replace(datum, statutes=datum.statutes | {Statute("accounting", minimum)})
    now = datum.counted_from + minimum
    assert decide(over, standing, now) == decide(datum, standing, now)


def test_a_hold_needs_an_owner_and_an_end() -> None:
    placed = {"key": "case-1", "categories": frozenset(CATEGORIES), "since": START, "until": START, "placed_at": START}
    with pytest.raises(ValueError, match="has no owner"):
        Hold(owner="", expires_at=START, **placed)
    with pytest.raises(ValueError, match="longer than 180 days"):
        Hold(owner="Lea", expires_at=START + HOLD_MAX + timedelta(seconds=1), **placed)


# -- Blockers never widen use ----------------------------------------------------------------------------------------


@given(data(), standings, holds(), moments)
def test_a_hold_never_changes_the_original(datum: Datum, standing: Standing, hold: Hold, now: datetime) -> None:
    held = decide(datum, standing.hold(replace(hold, key="case-new")), now)
    free = decide(datum, standing, now)
    assert replace(held, copies=free.copies) == free
    assert held.copies >= free.copies


@given(data(), standings, restrictions, moments)
def test_a_restriction_never_widens_use(
    datum: Datum, standing: Standing, restriction: Restriction, now: datetime
) -> None:
    narrowed = decide(datum, standing.restrict(replace(restriction, key="r-new")), now)
    assert narrowed.purposes <= decide(datum, standing, now).purposes


@given(data(), standings, moments)
def test_a_statute_never_allows_a_use_that_was_not_there(datum: Datum, standing: Standing, now: datetime) -> None:
    without = decide(replace(datum, statutes=frozenset()), standing, now)
    kept_for = {one.purpose for one in datum.statutes}
    assert decide(datum, standing, now).purposes <= without.purposes | kept_for


@given(data(), standings, moments)
def test_nothing_is_used_for_what_was_objected_to(datum: Datum, standing: Standing, now: datetime) -> None:
    used = decide(datum, standing, now).purposes
    for use in datum.uses:
        others = {one for one in datum.uses if one.purpose == use.purpose} - {use}
        if use.can_be_objected and standing.has_objected(use.purpose) and not others:
            assert use.purpose not in used


# -- Erasure is monotone ---------------------------------------------------------------------------------------------


@given(data(), standings, moments, moments)
def test_erasure_only_takes_away(datum: Datum, standing: Standing, at: datetime, now: datetime) -> None:
    before, after = decide(datum, standing, now), decide(datum, standing.erase(at), now)
    assert after.purposes <= before.purposes
    assert after.fate in {Fate.SHRED, Fate.KEEP_STATUTORY}


@given(data(), st.lists(events, max_size=6), st.lists(events, max_size=6), moments, spans)
def test_what_is_shredded_for_an_erasure_stays_so(
    datum: Datum, happened: list[Any], later: list[Any], now: datetime, wait: timedelta
) -> None:
    erased = standing_after(happened).erase(now)
    afterwards = erased
    for event in later:
        afterwards = event(afterwards)
    if decide(datum, erased, now).fate == Fate.SHRED:
        assert decide(datum, afterwards, now + wait).fate == Fate.SHRED


@given(data(), st.lists(events, max_size=8), holds(), moments, spans)
def test_releasing_the_last_hold_completes_the_erasure_without_a_new_clock(
    datum: Datum, happened: list[Any], hold: Hold, now: datetime, wait: timedelta
) -> None:
    erased = standing_after(happened).erase(now)
    held = erased.hold(replace(hold, key="case-new"))
    for key in ("case-1", "case-2", "case-3", "case-new"):
        held = held.release(key)
    released = decide(datum, held, now + wait)
    never_held = decide(datum, replace(erased, holds=frozenset()), now + wait)
    assert released == never_held
    assert released.copies == frozenset()


# -- Order does not matter -------------------------------------------------------------------------------------------


@given(data(), st.lists(events, min_size=2, max_size=4), moments)
def test_the_order_in_which_events_arrive_changes_nothing(datum: Datum, happened: list[Any], now: datetime) -> None:
    standings = [standing_after(order) for order in permutations(happened)]
    assert all(standing == standings[0] for standing in standings)
    assert len({decide(datum, standing, now) for standing in standings}) == 1


@given(data(), standings, events, moments)
def test_an_event_told_twice_counts_once(datum: Datum, standing: Standing, event: Any, now: datetime) -> None:
    assert decide(datum, event(event(standing)), now) == decide(datum, event(standing), now)


# -- The order, as a table -------------------------------------------------------------------------------------------

CHAT = Datum(
    category="user.content.chat.public",
    counted_from=START,
    uses=frozenset({Use("chat", timedelta(days=30)), Use("dispute", timedelta(days=90))}),
)
LEDGER = Datum(
    category="user.financial.ledger",
    counted_from=START,
    uses=frozenset({Use("accounting", timedelta(days=3650)), Use("account", timedelta(days=365))}),
    statutes=frozenset({Statute("accounting", timedelta(days=3650))}),
)
LETTER = Datum(
    category="user.contact.email",
    counted_from=None,
    uses=frozenset({Use("market", needs_consent=True, can_be_objected=True)}),
    created_at=START,
)
LIMITED = Restriction("r-1", frozenset({CHAT.category}))
ALL_LIMITED = Restriction("r-1", frozenset({CHAT.category, LEDGER.category}))
CASE = Hold(
    key="case-1",
    owner="Lea",
    categories=frozenset({CHAT.category}),
    since=START,
    until=START + timedelta(days=1),
    placed_at=START,
    expires_at=START + timedelta(days=90),
)
EVERYONE = frozenset({"chat", "dispute"})
LATER = START + timedelta(hours=1)
KEPT = Decision(Fate.KEEP, frozenset({"market"}), 7)
GONE = Decision(Fate.SHRED, frozenset(), 3)
CONSENTED = Standing().consent("market", START, given=True)


@pytest.mark.parametrize(
    ("datum", "standing", "day", "decision"),
    [
        (CHAT, Standing(), 1, Decision(Fate.KEEP, EVERYONE, 7)),
        (CHAT, Standing(), 40, Decision(Fate.KEEP, frozenset({"dispute"}), 6)),
        (CHAT, Standing(), 90, Decision(Fate.DELETE, frozenset(), 5)),
        (
            CHAT,
            Standing().restrict(LIMITED),
            1,
            Decision(Fate.KEEP_UNUSED, frozenset(), 4),
        ),
        (CHAT, Standing().erase(START), 1, Decision(Fate.SHRED, frozenset(), 3)),
        (
            CHAT,
            Standing().erase(START).hold(CASE),
            1,
            Decision(Fate.SHRED, frozenset(), 3, copies=frozenset({"case-1"})),
        ),
        (CHAT, Standing().erase(START).hold(CASE), 90, Decision(Fate.SHRED, frozenset(), 3)),
        (LEDGER, Standing().erase(START), 400, Decision(Fate.KEEP_STATUTORY, frozenset({"accounting"}), 2)),
        (LEDGER, Standing().erase(START), 3650, Decision(Fate.SHRED, frozenset(), 3)),
        (CHAT, Standing().restrict(LIMITED).lift(LIMITED.key), 1, Decision(Fate.KEEP, EVERYONE, 7)),
        (LEDGER, Standing().restrict(ALL_LIMITED).erase(START), 400, Decision(Fate.KEEP_STATUTORY, frozenset(), 2)),
        (LETTER, Standing(), 1, GONE),
        (LETTER, CONSENTED, 1, KEPT),
        (LETTER, CONSENTED.consent("market", LATER, given=False), 1, GONE),
        (LETTER, CONSENTED.consent("market", LATER, given=False).consent("market", LATER, given=True), 1, GONE),
        (LETTER, CONSENTED.object_to("market", START), 1, GONE),
        (LETTER, CONSENTED.object_to("market", START).object_to("market", LATER, sustained=False), 1, KEPT),
        (LETTER, CONSENTED.object_to("market", START, sustained=False).object_to("market", START), 1, GONE),
    ],
)
def test_the_first_match_wins(datum: Datum, standing: Standing, day: int, decision: Decision) -> None:
    assert decide(datum, standing, START + timedelta(days=day)) == decision
