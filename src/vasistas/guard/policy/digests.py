"""SHA-256 over what a policy says: the same for the same meaning, whatever its layout, comments and order of keys."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any


def of(what: Any) -> str:
    """Return 64 hex digits over `what`: parts of a policy, in lists, tuples, sets and mappings."""
    text = json.dumps(plain(what), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def plain(what: Any) -> Any:
    """Return `what` as values of JSON; a part of a policy is an object without what it leaves at its default."""
    if is_dataclass(what) and not isinstance(what, type):
        named = {one.name: plain(getattr(what, one.name)) for one in fields(what)}
        return {name: value for name, value in named.items() if not _is_nothing(value)}
    if isinstance(what, Mapping):
        return {str(key): plain(value) for key, value in what.items()}
    if isinstance(what, frozenset | set):
        return sorted(plain(one) for one in what)
    if isinstance(what, list | tuple):
        return [plain(one) for one in what]
    return what.isoformat() if isinstance(what, date) else what


def _is_nothing(value: Any) -> bool:
    """0 is a value: a rule of no days is not a rule without an end."""
    return value is None or value is False or (isinstance(value, str | list | dict) and not value)
