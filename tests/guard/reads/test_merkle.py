"""Trees and proofs are those of RFC 9162, checked against the log's published example and against its definition."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vasistas.guard.reads import merkle

# The example tree of the certificate transparency project: the root over the first 1, 2, … 8 entries.
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [merkle.leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES]


@pytest.mark.parametrize("count", range(1, 9))
def test_root_is_that_of_the_published_example(count):
    assert merkle.root(LEAVES[:count]).hex() == ROOTS[count - 1]


def test_root_of_nothing_is_the_hash_of_nothing():
    assert merkle.root([]) == hashlib.sha256(b"").digest()


def defined(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word by word."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + defined(leaves[:split]) + defined(leaves[split:])).digest()


def some_leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


@given(st.integers(1, 300))
def test_root_is_as_defined(count):
    assert merkle.root(some_leaves(count)) == defined(some_leaves(count))


@given(st.integers(1, 200), st.data())
def test_proof_proves_its_leaf_at_its_place_and_nothing_else(count, data):
    leaves = some_leaves(count)
    index = data.draw(st.integers(0, count - 1))
    root, path = merkle.root(leaves), merkle.proof(leaves, index)

    assert merkle.verify_inclusion(leaves[index], index, count, path, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"another"), index, count, path, root)
    assert not merkle.verify_inclusion(leaves[index], index, count, path, merkle.leaf_hash(b"another"))
    for other in {(index + 1) % count, index ^ 1} - {index}:
        assert not merkle.verify_inclusion(leaves[index], other, count, path, root)
    if path:
        assert not merkle.verify_inclusion(leaves[index], index, count, path[:-1], root)
    assert not merkle.verify_inclusion(leaves[index], index, count, [*path, leaves[0]], root)


def test_proof_of_a_leaf_that_is_not_there_is_refused():
    with pytest.raises(IndexError, match="no leaf 8 among 8"):
        merkle.proof(LEAVES, 8)
    assert not merkle.verify_inclusion(LEAVES[0], -1, 8, merkle.proof(LEAVES, 7), merkle.root(LEAVES))
