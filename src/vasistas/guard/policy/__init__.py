"""The policy in force: compiled once from the folder the settings name."""

import functools

from django.conf import settings

from vasistas.guard.policy.compiler import compile_policy
from vasistas.guard.policy.model import Policy


@functools.cache
def get_policy() -> Policy:
    """Return the policy in force.

    Raises: PolicyRefused: it does not compile; every fault is listed with file, line and remedy.
    """
    return compile_policy(settings.POLICY)
