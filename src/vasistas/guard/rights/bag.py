"""A bag in one ZIP stream: written from the front to the end, never held. Layout: BagIt 1.0 (RFC 8493), in ZIP's form
for streams (APPNOTE 4.3.9), so that the first bytes leave at once.
"""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

LEVEL = 1  # of deflate: text shrinks well enough, and nobody waits for it
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


class _Sink(io.RawIOBase):
    """Collects what the ZIP writer gives, until it is taken away."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # bytes or a view of them
        self._kept.append(piece)
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._kept)
        self._kept.clear()
        return taken


class Bag:
    """`folder`: the one top folder (RFC 8493, 4.2). Take what is ready with `take()`, after each file or in between."""

    def __init__(self, folder: str, at: datetime) -> None:
        self._folder = folder
        self._at = at
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self._payload: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._payload_bytes = 0
        self._tag("bagit.txt", DECLARATION)

    def take(self) -> bytes:
        return self._sink.take()

    @contextmanager
    def file(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Open `data/<name>` for writing; one at a time."""
        digest = hashlib.sha256()
        with self._entry(f"data/{name}") as entry:

            def write(data: bytes) -> None:
                entry.write(data)
                digest.update(data)
                self._payload_bytes += len(data)

            yield write
        self._payload[f"data/{name}"] = digest.hexdigest()

    def add(self, name: str, data: bytes) -> None:
        with self.file(name) as write:
            write(data)

    def close(self) -> None:
        """Write the tag files that tell what is in the bag, and end the ZIP."""
        info = {
            "Source-Organization": "Vasistas",
            "Bagging-Date": self._at.date().isoformat(),
            "Payload-Oxum": f"{self._payload_bytes}.{len(self._payload)}",
        }
        self._tag("bag-info.txt", "".join(f"{key}: {value}\n" for key, value in info.items()).encode())
        self._tag("manifest-sha256.txt", _manifest(self._payload))
        self._tag("tagmanifest-sha256.txt", _manifest(self._tags))
        self._zip.close()

    def _tag(self, name: str, data: bytes) -> None:
        with self._entry(name) as entry:
            entry.write(data)
        self._tags[name] = hashlib.sha256(data).hexdigest()

    @contextmanager
    def _entry(self, name: str) -> "Iterator[io.BufferedWriter]":
        entry = zipfile.ZipInfo(f"{self._folder}/{name}", self._at.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        with self._zip.open(entry, "w", force_zip64=True) as opened:
            yield opened  # type: ignore[misc]  # ZIP's own writer


def _manifest(digests: dict[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode()
