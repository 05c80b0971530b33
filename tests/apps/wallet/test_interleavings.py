"""Any order of top-ups, tips, holds, ticks, releases, refunds and chargebacks, beside a ledger of a few lines here."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.accounts import make_member
from tests.factories.wallet import AT, switch_on
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries
from vasistas.apps.wallet.models import AMOUNT_MAX, Account, Entry, Kind, Transfer, TransferKind
from vasistas.apps.wallet.rules import AmountRefused, Leg, NotEnough, Unbalanced

pytestmark = pytest.mark.django_db

EXAMPLES = 60
ACTS_MIN, ACTS_MAX = 6, 24
PLATFORM_PERCENT = 30
WIDE = st.integers(-(AMOUNT_MAX + 2), AMOUNT_MAX + 2)
WHO = st.integers(0, 1)
AMOUNTS = st.integers(1, 300)
BEFORE = [("top_up", 0, 500), ("top_up", 1, 500), ("hold", 0, 200)]  # so that there is something to move
ACTS = st.one_of(
    st.tuples(st.sampled_from(["top_up", "refund", "chargeback"]), WHO, AMOUNTS),
    st.tuples(st.just("tip"), WHO, WHO, AMOUNTS),
    st.tuples(st.just("hold"), WHO, AMOUNTS),
    st.tuples(st.just("tick"), WHO, WHO, AMOUNTS),
    st.tuples(st.just("release"), WHO),
    st.tuples(st.just("repeat"), st.integers(0, ACTS_MAX)),
)


@dataclass
class Books:
    """The ledger, and beside it what it must say: a number for each account, moved by sums and comparisons alone."""

    members: list[int]  # subjects
    hosts: list[int]  # accounts
    expected: Counter[int] = field(default_factory=Counter)
    done: list[tuple[Callable[[], Any], bool]] = field(default_factory=list)  # an act, and whether it went through

    def do(self, act: tuple[Any, ...]) -> None:
        name, *given_ = act
        if name == "repeat":
            self._repeat(given_[0])
            return
        key = f"act:{len(self.done)}"
        move, legs = getattr(self, f"_{name}")(key, *given_)
        before = self.expected.copy()
        for leg in legs:
            self.expected[leg.account_id] += leg.amount
        floored = Account.objects.filter(floor=0).values_list("pk", flat=True)
        is_possible = bool(legs) and all(self.expected[account] >= 0 for account in floored)
        if not is_possible:
            self.expected = before
        self._run(move, is_possible=is_possible, is_empty=not legs)
        self.done.append((move, is_possible))

    @staticmethod
    def _run(move: Callable[[], Any], *, is_possible: bool, is_empty: bool) -> None:
        if is_empty:
            assert move() is None
        elif is_possible:
            move()
        else:
            with pytest.raises(NotEnough):
                move()

    def _repeat(self, number: int) -> None:
        """Anything that went through, once more: nothing moves."""
        through = [move for move, is_through in self.done if is_through]
        if through:
            through[number % len(through)]()

    def _own(self, who: int, kind: str = Kind.MEMBER, detail: str = "") -> Account:
        return wallet.account_of(self.members[who], kind, detail)

    def _posted(self, key: str, kind: str, *legs: tuple[Account | int, int]) -> tuple[Callable[[], Any], list[Leg]]:
        posted = [Leg(one if isinstance(one, int) else one.pk, amount) for one, amount in legs if amount]
        return (lambda: wallet.post(key=key, kind=kind, legs=posted, at=AT)), posted

    def _top_up(self, key: str, who: int, amount: int) -> Any:
        clearing = wallet.site_account(Kind.CLEARING, "sandbox")
        return self._posted(key, TransferKind.BOUGHT, (clearing, -amount), (self._own(who), amount))

    def _refund(self, key: str, who: int, amount: int) -> Any:
        clearing = wallet.site_account(Kind.CLEARING, "sandbox")
        return self._posted(key, TransferKind.REFUND, (self._own(who), -amount), (clearing, amount))

    def _chargeback(self, key: str, who: int, amount: int) -> Any:
        """What the payer has left is taken from them; the rest is the site's loss, never the host's."""
        account = self._own(who)
        left = min(amount, self.expected[account.pk])
        clearing, disputes = wallet.site_account(Kind.CLEARING, "sandbox"), wallet.site_account(Kind.DISPUTES)
        legs = ((account, -left), (disputes, left - amount), (clearing, amount))
        return self._posted(key, TransferKind.CHARGEBACK, *legs)

    def _earned(self, host: int, amount: int) -> list[Leg]:
        platform = amount * PLATFORM_PERCENT // 100
        legs = [Leg(self.hosts[host], amount - platform), Leg(wallet.site_account(Kind.REVENUE).pk, platform)]
        return [leg for leg in legs if leg.amount]

    def _tip(self, key: str, who: int, host: int, amount: int) -> Any:
        earned = self._earned(host, amount)
        subject = self.members[who]

        def move() -> Any:
            return wallet.spend(subject_id=subject, legs=earned, key=key, kind=TransferKind.TIP, at=AT)

        return move, [Leg(self._own(who).pk, -amount), *earned]

    def _hold(self, key: str, who: int, amount: int) -> Any:
        held = self._own(who, Kind.HOLD, "show")

        def move() -> Any:
            return wallet.hold(subject_id=self.members[who], amount=amount, detail="show", key=key, at=AT)

        return move, [Leg(self._own(who).pk, -amount), Leg(held.pk, amount)]

    def _tick(self, key: str, who: int, host: int, amount: int) -> Any:
        held, earned = self._own(who, Kind.HOLD, "show"), self._earned(host, amount)

        def move() -> Any:
            return wallet.capture(hold=held, legs=earned, key=key, kind=TransferKind.SESSION, at=AT)

        return move, [Leg(held.pk, -amount), *earned]

    def _release(self, key: str, who: int) -> Any:
        held = self._own(who, Kind.HOLD, "show")
        rest = self.expected[held.pk]
        legs = [Leg(held.pk, -rest), Leg(self._own(who).pk, rest)] if rest else []
        return (lambda: wallet.release(hold=held, key=key, at=AT)), legs

    def check(self) -> None:
        assert sum(one.balance for one in queries.trial_balance()) == 0
        assert (queries.unbalanced_transfers(), queries.wrong_balances()) == (0, 0)
        for account in Account.objects.all():
            summed = sum(Entry.objects.filter(account=account).values_list("amount", flat=True))
            assert queries.balance(account) == summed == self.expected[account.pk]
            assert account.floor is None or summed >= account.floor
        assert Transfer.objects.count() == sum(is_through for _move, is_through in self.done)


@pytest.fixture
def people() -> tuple[list[int], list[int]]:
    members = [make_member(name, password=None) for name in ("Vi", "Max")]
    for member in members:
        switch_on(member)
    hosts = [wallet.account_of(make_member(name, password=None).subject_id, Kind.HOST).pk for name in ("Ada", "Mira")]
    return [member.subject_id for member in members], hosts


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=ACTS_MIN, max_size=ACTS_MAX))
def test_whatever_happens_the_books_balance_and_nobody_is_below_their_floor(people, acts) -> None:
    members, hosts = people
    with transaction.atomic():
        books = Books(members, hosts)
        for act in [*BEFORE, *acts]:
            books.do(act)
            books.check()
        transaction.set_rollback(True)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(st.integers(-(10**19), 10**19), max_size=4) | WIDE.map(lambda amount: [amount, -amount]))
def test_legs_are_entered_as_they_are_or_not_at_all(people, amounts) -> None:
    _members, hosts = people
    accounts = [wallet.site_account(Kind.REVENUE).pk, wallet.site_account(Kind.PROMOTIONS).pk, *hosts]
    legs = [Leg(account, amount) for account, amount in zip(accounts, amounts, strict=False)]
    is_right = len(amounts) > 1 and not sum(amounts) and all(0 < abs(amount) <= AMOUNT_MAX for amount in amounts)
    is_right = is_right and all(amount > 0 for amount in amounts[2:])  # a host's floor

    with transaction.atomic():
        try:
            wallet.post(key="legs", kind=TransferKind.GIVEN, legs=legs, at=AT)
            was_taken = True
        except (AmountRefused, NotEnough, Unbalanced):
            was_taken = False
        entered = list(Entry.objects.filter(transfer__key="legs").order_by("account").values_list("account", "amount"))
        transaction.set_rollback(True)

    assert was_taken == is_right
    assert entered == (sorted(zip(accounts, amounts, strict=False)) if is_right else [])
