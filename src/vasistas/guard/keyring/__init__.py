"""The keys of sealed fields: one data key for each person and class, wrapped by a root key that lives elsewhere.

Destroying a person's keys makes what they sealed unreadable at once, in every copy (GDPR Art. 17). The keys lie in a
database of their own, alias "keys", so that they are backed up apart from the data and for a shorter time.
"""

from typing import TYPE_CHECKING

from vasistas.guard.keyring.errors import KeyDestroyed, KeyringFault, KeyUnknown, RootKeyFault
from vasistas.guard.keyring.router import ALIAS, LABEL

if TYPE_CHECKING:
    from vasistas.guard.keyring.ring import (
        DataKey,
        blind,
        data_key,
        destroy,
        forget_cached,
        is_empty,
        key_of,
        open_store,
        preload,
        site_key,
    )

__all__ = [
    "ALIAS",
    "LABEL",
    "DataKey",
    "KeyDestroyed",
    "KeyUnknown",
    "KeyringFault",
    "RootKeyFault",
    "blind",
    "data_key",
    "destroy",
    "forget_cached",
    "is_empty",
    "key_of",
    "open_store",
    "preload",
    "site_key",
]


def __getattr__(name: str) -> object:
    """Load the ring on first use: it needs models, and Django imports this package before any model may load."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vasistas.guard.keyring import ring  # noqa: PLC0415 — see above

    found = globals()[name] = getattr(ring, name)
    return found
