"""Carries balances to the pages of their member."""

from vasistas import realtime
from vasistas.apps.accounts.models import Member
from vasistas.apps.wallet import events
from vasistas.guard.purposes import processing
from vasistas.realtime import events as wire


def push_balance(event: events.BalanceChanged) -> None:
    with processing("session"):
        member_id = Member.objects.filter(subject=event.subject_id).values_list("pk", flat=True).first()
    if member_id is not None:
        realtime.publish(f"member:{member_id}", wire.BalanceChanged(event.balance))
