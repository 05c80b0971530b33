"""Amounts as people read them: `{% load wallet_tags %}`."""

from decimal import Decimal

from django import template
from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()

MINOR = 100  # minor units in one unit of the currency
SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF "}


@register.filter
def money(minor: int) -> str:
    """`1234` as `€12.34`; below zero with the sign first."""
    sign = SIGNS.get(settings.CURRENCY, f"{settings.CURRENCY} ")
    return f"{'−' if minor < 0 else ''}{sign}{number_format(Decimal(abs(minor)) / MINOR, 2, use_l10n=True)}"


@register.filter
def credits_only(minor: int) -> str:
    """`1234` as `123.4`, credits without the word."""
    exact = Decimal(minor) / settings.CREDIT_MINOR
    return number_format(exact.normalize() if exact % 1 else int(exact), use_l10n=True).replace("-", "−")


@register.filter
def credits(minor: int) -> str:  # noqa: A001 — the word that templates want
    """`1200` as `120 credits (€12.00)`."""
    return _("%(credits)s credits (%(money)s)") % {"credits": credits_only(minor), "money": money(minor)}
