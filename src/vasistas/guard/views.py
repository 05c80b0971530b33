"""Every view states why it touches personal data, or why it touches none; one that does neither breaks the build."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core import checks
from django.urls import ResolverMatch, URLPattern, URLResolver, get_resolver

from vasistas.guard import third_party


@dataclass(frozen=True)
class Address:
    """One address of the site. states: the purpose of its view; without: why it needs none. Neither: a fault."""

    name: str
    view: str
    states: str | None
    without: str | None


def touches_nothing[View: Callable[..., Any]](reason: str) -> Callable[[View], View]:
    """Say why a view needs no purpose. The gate refuses it personal data all the same."""

    def mark(view: View) -> View:
        vars(view)["touches_nothing"] = reason
        return view

    return mark


def addresses() -> list[Address]:
    """Every address of the site and why its view touches personal data."""
    return list(_addresses(get_resolver(), ()))


def _addresses(resolver: URLResolver, namespaces: tuple[str, ...]) -> Iterator[Address]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _addresses(one, (*namespaces, one.namespace) if one.namespace else namespaces)
        elif isinstance(one, URLPattern):
            match = ResolverMatch(one.callback, (), {}, url_name=one.name, namespaces=list(namespaces))
            states = third_party.purpose_of(match) or getattr(one.callback, "purpose_stated", None)
            without = getattr(one.callback, "touches_nothing", None)
            yield Address(match.view_name, _dotted(one.callback), states, without)


def _dotted(view: Callable[..., Any]) -> str:
    return f"{view.__module__}.{getattr(view, '__qualname__', type(view).__qualname__)}"


@checks.register("privacy")
def check_every_view_states(**_kwargs: Any) -> list[checks.CheckMessage]:
    return [
        checks.Error(
            f"The view {address.view} ({address.name}) does not say why it touches personal data.",
            hint="Decorate it with @processing(…) of guard.purposes, or with @touches_nothing(reason) of guard.views; "
            "for a library's view, add its name to guard/third_party.py.",
            id="guard.E011",
        )
        for address in addresses()
        if not address.states and not address.without
    ]
