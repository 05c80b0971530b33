"""The port to the root key, which wraps all others: a file by default, HashiCorp Vault by setting.

`settings.ROOT_KEY` chooses: `file:` (DATA/keys/root.key), `file:/path`, or
`vault:https://host:8200/<mount>/<key>?token_file=…` (root_vault.py).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from vasistas.guard.keyring.errors import RootKeyFault


class Wrapped(NamedTuple):
    """A key as it may be stored: opened only by `version` of the root key, and only in its own `context`."""

    version: int
    blob: bytes
    context: bytes


class RootKey(Protocol):
    """All methods raise RootKeyFault when the root key is missing, unsafe, unreachable, or does not open `wrapped`."""

    @property
    def where(self) -> str:
        """Where the root key is, for messages to the operator."""

    def make(self) -> None:
        """Make the root key if there is none. Called only while the key store is empty."""

    def wrap(self, plain: bytes, context: bytes) -> Wrapped: ...

    def unwrap(self, wrapped: Sequence[Wrapped]) -> list[bytes]:
        """Open many, in order."""

    def rewrap(self, wrapped: Sequence[Wrapped]) -> list[Wrapped]:
        """The same keys under the newest version, in order."""

    def versions(self) -> list[int]:
        """Versions that open, newest last."""

    def still_opens(self, version: int) -> bool:
        """Whether `version` was not retired since it wrapped; asked inside a transaction, so without the network."""

    def rotate(self) -> int:
        """Add a version, which wraps from now on, and return it. The older ones still open."""

    def retire(self, used: frozenset[int]) -> list[int]:
        """Forget versions below the newest that are not `used`; return what was forgotten."""

    def close(self) -> None:
        """Let go of connections; the root key is not used again."""


def root_key(url: str, *, data: Path) -> RootKey:
    """The adapter that `url` names. Raises: RootKeyFault: no adapter of this name."""
    from vasistas.guard.keyring.root_file import RootKeyFile  # noqa: PLC0415 — adapters know the port
    from vasistas.guard.keyring.root_vault import RootKeyVault  # noqa: PLC0415 — see above

    kind, _, rest = url.partition(":")
    if kind == "file" and (not rest or Path(rest).is_absolute()):
        return RootKeyFile(Path(rest) if rest else data / "keys" / "root.key")
    if kind == "vault":
        return RootKeyVault(rest)
    raise RootKeyFault(f"VASISTAS_ROOT_KEY names {kind}:; set it to file:, file:/path or vault:https://….")
