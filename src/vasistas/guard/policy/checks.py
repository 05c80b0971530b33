"""The policy as a system check of Django: a build, a test run and a start are refused with every fault."""

from collections.abc import Collection
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks

from vasistas.guard.policy.compiler import compile_policy
from vasistas.guard.policy.faults import PolicyRefused
from vasistas.guard.policy.model import Policy


@checks.register("privacy")
def check_policy(**_kwargs: Any) -> list[checks.CheckMessage]:
    try:
        compile_whole()
    except PolicyRefused as refused:
        return [
            checks.Error(f"{fault.file}:{fault.line}: {fault.what}", hint=fault.remedy, id="guard.E020")
            for fault in refused.faults
        ]
    return []


def compile_whole() -> Policy:
    """Compile the policy the settings name; its rules may only name checks that are registered.

    Raises: PolicyRefused: with every fault.
    """
    return compile_policy(settings.POLICY, known_checks())


def known_checks() -> Collection[str] | None:
    """Keys in the registry of checks; None without the app that runs them: then nobody can say."""
    if not apps.is_installed("vasistas.guard.conformance"):
        return None
    registry = import_module("vasistas.guard.conformance.registry")  # late: it knows the policy
    return frozenset(registry.checks())
