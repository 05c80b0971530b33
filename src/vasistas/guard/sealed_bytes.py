"""Files, documents and raw mails that rest as ciphertext: `guard.sealed` for bytes."""

from typing import Any

from vasistas.guard.sealed import Sealed, SealedText, SiteSealedText


class SealedBytes(SealedText):
    """The same for bytes: a picture, a file, a raw mail. bytes_max: of the plain ones. Reading gives bytes.

    Ciphertext is known by its type here, which the database's answers are given: other bytes are plain.
    """

    description = "Bytes sealed with their person's own key"
    unit = "bytes"

    def __init__(self, *args: Any, key_class: str, bytes_max: int, **kwargs: Any) -> None:
        super().__init__(*args, key_class=key_class, chars_max=bytes_max, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs["bytes_max"] = kwargs.pop("chars_max")
        return name, path, args, kwargs

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def is_plain(self, value: Any) -> bool:
        return isinstance(value, bytes) and not isinstance(value, Sealed)

    def _encoded(self, plain: Any) -> bytes:
        return bytes(plain)

    def _decoded(self, plain: bytes) -> Any:
        return plain

    def get_default(self) -> Any:
        return super().get_default() or (None if self.null else b"")


class SiteSealedBytes(SealedBytes, SiteSealedText):
    """Bytes sealed with a key of the site: what came in and is not known to be anybody's yet."""
