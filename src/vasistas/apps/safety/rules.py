"""Clocks, weights and words. Pure."""

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from vasistas.apps.safety.models import Decision, Ground

CUT_FOR = timedelta(minutes=10)  # a room that was cut does not come back sooner
MUTE_MAX = timedelta(days=7)
STRIKE_DAYS = 90  # a decision counts against its person for so long
SHIFT_SILENT = timedelta(minutes=10)  # without a sign of life a shift is over
APPEAL_WITHIN = timedelta(days=180)  # at least six months (Regulation (EU) 2022/2065, Art. 20(1))
APPEAL_ANSWERED_WITHIN = timedelta(days=7)
TRUSTED_BROADCASTS = 5  # of a host who may begin while nobody is on duty, where the settings say "restricted"

WEIGHTS = {
    Decision.Action.WARN: 1,
    Decision.Action.REMOVE: 1,
    Decision.Action.MUTE: 1,
    Decision.Action.CUT: 2,
    Decision.Action.SUSPEND: 3,
    Decision.Action.BAN: 5,
}
_HOURS = {Ground.IMMINENT_HARM: 1, Ground.MINOR: 1, Ground.INTIMATE_IMAGE: 48}
HOURS = 72  # of everything else
CARD_NETWORK_DAYS = 7  # business days, as the card networks ask of complaints
FRIDAY = 4


def due(ground: str, at: datetime) -> datetime:
    """By when a report is decided."""
    if ground == Ground.CARD_NETWORK:
        return _business_days_after(at, CARD_NETWORK_DAYS)
    return at + timedelta(hours=_HOURS.get(Ground(ground), HOURS))


def _business_days_after(at: datetime, days: int) -> datetime:
    """Monday to Friday; public holidays count, so that the day comes rather early than late."""
    while days:
        at += timedelta(days=1)
        days -= at.weekday() <= FRIDAY
    return at


def is_urgent(ground: str) -> bool:
    return ground in {Ground.IMMINENT_HARM, Ground.MINOR, Ground.INTIMATE_IMAGE}


def strikes(decisions: list[Decision], today: date) -> int:
    """What counts against somebody: decisions of the last STRIKE_DAYS that were not taken back, by weight. One that
    ended when it had to was not taken back.
    """
    since = today - timedelta(days=STRIKE_DAYS)
    standing = [one for one in decisions if one.at.date() > since and not _is_taken_back(one)]
    return sum(WEIGHTS[Decision.Action(one.action)] for one in standing)


def _is_taken_back(decision: Decision) -> bool:
    lifted = decision.lifted_at
    return lifted is not None and (decision.until is None or lifted < decision.until)


def redress() -> str:
    """What one can do about a decision (Art. 17(3)(f))."""
    return _(
        "You can appeal below within six months; somebody else decides then. You can also go to an out-of-court "
        "dispute settlement body (Regulation (EU) 2022/2065, Art. 21), and to court."
    )
