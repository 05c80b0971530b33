"""How long a check counts. No queries of its own."""

from datetime import timedelta

CLEARANCE_DAYS_MAX = 730  # days; an identity document is looked at again at the latest then
CLEARANCE_DAYS = 365  # days; what the form offers
ENDS_SOON = timedelta(days=30)  # from then on the studio says so


def span(days: int) -> timedelta:
    """Raises: ValueError: not between 1 and CLEARANCE_DAYS_MAX."""
    if not 1 <= days <= CLEARANCE_DAYS_MAX:
        raise ValueError(f"days must be from 1 to {CLEARANCE_DAYS_MAX}")
    return timedelta(days=days)
