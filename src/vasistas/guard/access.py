"""Which pages are open to everyone, each with its reason; all others need a signed-in member."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required

PUBLIC: dict[str, str] = {}  # dotted name of the view -> reason


def public[View: Callable[..., Any]](reason: str) -> Callable[[View], View]:
    """Open a view to visitors without an account, and say why; the reasons are listed in the documentation."""

    def open_to_all(view: View) -> View:
        PUBLIC[f"{view.__module__}.{view.__qualname__}"] = reason
        return login_not_required(view)

    return open_to_all
