"""Merkle trees over entries, as certificate logs build them; pure functions. Source: RFC 9162, section 2.1."""

import hashlib
from collections.abc import Sequence

DIGEST_BYTES = 32
_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf; the prefix keeps a leaf from passing as an inner node."""
    return _sha256(b"\x00" + entry).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes, in order; of none, the SHA-256 of nothing."""
    if not leaves:
        return _sha256(b"").digest()
    level = leaves
    while len(level) > 1:
        level = _above(level)
    return level[0]


def _above(level: Sequence[bytes]) -> list[bytes]:
    # A level with an odd end carries it up as it is: the same tree as splitting at the largest power of two.
    above = [_sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    if len(level) % 2:
        above.append(level[-1])
    return above


def proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the inclusion proof of one leaf: the neighbours on its way up, lowest first. RFC 9162, section 2.1.3.1.

    Raises: IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"There is no leaf {index} among {len(leaves)}.")
    path: list[bytes] = []
    level: Sequence[bytes] = leaves
    while len(level) > 1:
        neighbour = index ^ 1
        if neighbour < len(level):
            path.append(level[neighbour])
        level = _above(level)
        index //= 2
    return path


def verify_inclusion(leaf: bytes, index: int, count: int, path: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether a leaf hash stands at `index` of the `count` leaves under the root. RFC 9162, section 2.1.3.2."""
    if not 0 <= index < count:
        return False
    place, last, here = index, count - 1, leaf
    for neighbour in path:
        if last == 0:
            return False
        if place % 2 or place == last:
            here = _sha256(b"\x01" + neighbour + here).digest()
            while not place % 2 and place:
                place, last = place // 2, last // 2
        else:
            here = _sha256(b"\x01" + here + neighbour).digest()
        place, last = place // 2, last // 2
    return last == 0 and here == expected_root
