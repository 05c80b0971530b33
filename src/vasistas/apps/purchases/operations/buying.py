"""Start a purchase: one for each form that is sent, however often it is sent."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from vasistas import payments
from vasistas.apps.purchases import queries, rules
from vasistas.apps.purchases.models import URL_CHARS_MAX, Purchase, SavedMethod, wait_after
from vasistas.apps.purchases.operations import provider
from vasistas.apps.purchases.rules import PurchaseRefused
from vasistas.apps.wallet import operations as wallet
from vasistas.apps.wallet import queries as wallet_queries
from vasistas.apps.wallet.rules import OverLimit
from vasistas.guard import subjects
from vasistas.lib.errors import LimitReached, NotFound
from vasistas.payments.port import Checkout, ProviderRefused

TITLE_CHARS_MAX = 60
SCHEMES = ("https", "http")


@dataclass(frozen=True)
class Wanted:
    """What a form asks for. key: of the form. amount: minor units. method_id: of a saved method, or None."""

    key: uuid.UUID
    amount: int
    provider: str
    saves_method: bool = False
    method_id: int | None = None


def buy(*, subject_id: int, wanted: Wanted, at: datetime) -> Purchase:
    """Make a purchase and start its checkout; the same form again returns the same. Not in a transaction.

    Raises: PayingOff, Paused, OverLimit: what members let themselves do is asked first. AmountRefused, LimitReached,
    NotFound: no such provider or saved method. PaymentError: the provider did not start it; the purchase waits, and the
    same form starts it again.
    """
    method = _method(subject_id, wanted)
    purchase = _begin(subject_id, wanted, at)
    if purchase.provider_ref or purchase.state != Purchase.State.OPEN:
        return purchase
    with transaction.atomic():  # a form of before a pause begins nothing in it
        wallet.check_may_pay(subject_id, purchase.amount, at)
    started = provider.start(purchase, _checkout(purchase, method))
    if urlsplit(started.url).scheme not in SCHEMES or len(started.url) > URL_CHARS_MAX:
        raise ProviderRefused(_("The payment provider gave no address to pay at. Choose another way to pay."))
    # A click at the same moment got the same answer: the provider starts one payment for one reference.
    Purchase.objects.filter(pk=purchase.pk, provider_ref="").update(
        provider_ref=started.provider_ref, checkout_url=started.url
    )
    purchase.refresh_from_db()
    return purchase


def _begin(subject_id: int, wanted: Wanted, at: datetime) -> Purchase:
    rules.check_amount(wanted.amount)
    payments.get_port(wanted.provider)
    with transaction.atomic():
        subjects.hold(subject_id)
        if (before := Purchase.objects.filter(subject=subject_id, key=wanted.key).first()) is not None:
            return _same(before, wanted)
        _check_may_buy(subject_id, wanted.amount, at)
        made, is_made = Purchase.objects.get_or_create(
            subject_id=subject_id,
            key=wanted.key,
            defaults={
                "provider": wanted.provider,
                "amount": wanted.amount,
                "currency": settings.CURRENCY,
                "saves_method": wanted.saves_method,
                "made_at": at,
                "expires_at": at + rules.CHECKOUT_FOR,
                "next_read_at": at + wait_after(0),
            },
        )
    return made if is_made else _same(made, wanted)


def _same(before: Purchase, wanted: Wanted) -> Purchase:
    if (before.amount, before.provider) != (wanted.amount, wanted.provider):
        raise PurchaseRefused(_("This form was sent before with another amount. Open the page again."))
    return before


def _check_may_buy(subject_id: int, amount: int, at: datetime) -> None:
    """The switch, pauses and the limit of the day, which counts what is bought, and what may be yet."""
    wallet.check_may_pay(subject_id, amount, at)
    limit = wallet_queries.limit_of(subject_id, at)
    bought = queries.bought_today(subject_id, at) + queries.on_its_way(subject_id, at)
    if limit is not None and bought + amount > limit:
        raise OverLimit(_("This is more than you let yourself buy in 24 hours. See My Account, Limits."))
    if queries.open_count(subject_id, at) >= rules.OPEN_MAX:
        words = _("You have %(count)d payments that are not finished. Finish one, or wait until they expire.")
        raise LimitReached(words % {"count": rules.OPEN_MAX})


def _method(subject_id: int, wanted: Wanted) -> SavedMethod | None:
    if wanted.method_id is None:
        return None
    found = queries.methods_of(subject_id).filter(pk=wanted.method_id, provider=wanted.provider).first()
    if found is None:
        raise NotFound(_("There is no such saved method. Choose another way to pay."))
    return found


def _checkout(purchase: Purchase, method: SavedMethod | None) -> Checkout:
    back = f"{settings.PUBLIC_URL}{reverse('purchases:returned', args=[purchase.reference])}"
    return Checkout(
        reference=str(purchase.reference),
        amount_minor=purchase.amount,
        currency=purchase.currency,
        title=(_("Credits at %(site)s") % {"site": settings.SITE_NAME})[:TITLE_CHARS_MAX],
        return_url=back,
        cancel_url=back,
        expires_at=purchase.expires_at.timestamp(),
        save_method=purchase.saves_method,
        method=method.token if method else None,
    )
