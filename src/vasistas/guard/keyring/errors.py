"""What can be wrong with keys. No text here names a person or shows a key."""

from django.core.exceptions import ImproperlyConfigured


class KeyringFault(RuntimeError):  # noqa: N818 — faults read as facts
    """The key store does not hold what it should."""


class KeyUnknown(KeyringFault):
    """No key of this id was ever in the key store: it is an older copy than the data, or the value is forged."""


class KeyDestroyed(KeyringFault):
    """The key was destroyed on purpose, and none is ever made again for its person."""


class RootKeyFault(ImproperlyConfigured):
    """The root key is missing, unsafe, unreachable or not the one of this key store. Nothing was written.

    The text is one line for the operator, with the remedy.
    """


class RootKeyWrong(RootKeyFault):
    """The root key does not open a wrapped key."""
