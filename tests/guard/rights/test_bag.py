"""BagIt in a ZIP stream: whole, in one folder, and out as it is written."""

import hashlib
import io
import zipfile
from datetime import UTC, datetime

from vasistas.guard.rights.bag import Bag

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_bag_is_valid_and_names_every_file_with_its_checksum():
    bag = Bag("vasistas-2026-11-22", AT)
    bag.add("a.txt", b"one")
    with bag.file("b.txt") as write:
        write(b"two ")
        write(b"three")
    bag.close()

    with zipfile.ZipFile(io.BytesIO(bag.take())) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}

    top = "vasistas-2026-11-22/"
    tags = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"]
    assert sorted(files) == sorted([*(top + name for name in tags), f"{top}data/a.txt", f"{top}data/b.txt"])
    assert files[f"{top}bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    assert b"Payload-Oxum: 12.2\n" in files[f"{top}bag-info.txt"]
    digests = {name: hashlib.sha256(text).hexdigest() for name, text in {"a": b"one", "b": b"two three"}.items()}
    manifest = "".join(f"{digest}  data/{name}.txt\n" for name, digest in digests.items())
    assert files[f"{top}manifest-sha256.txt"] == manifest.encode()


def test_bytes_leave_before_anything_is_added_and_are_not_kept():
    bag = Bag("folder", AT)

    first = bag.take()

    assert first.startswith(b"PK\x03\x04")
    assert bag.take() == b""


def test_each_file_leaves_when_it_is_written():
    bag = Bag("folder", AT)
    bag.take()

    for number in range(3):
        bag.add(f"{number}.txt", b"x")

        assert f"data/{number}.txt".encode() in bag.take()
