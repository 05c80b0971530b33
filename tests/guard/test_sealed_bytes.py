"""Bytes rest sealed as texts do."""

import pickle
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from tests.guard.letters import Letter, letters, make_subject
from vasistas.guard.sealed import SealedBroken, SealMisused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    with letters():
        yield


@pytest.fixture
def letter() -> Letter:
    return Letter.objects.create(subject=make_subject(), body="meet me at the lighthouse")


def raw(letter: Letter, column: str) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM privacy_letter WHERE id = %s", [letter.pk])
        return bytes(cursor.fetchone()[0])


def again(letter: Letter) -> Letter:
    return Letter.objects.get(pk=letter.pk)


SCAN = bytes(range(256)) * 4


def test_bytes_come_back_and_rest_as_ciphertext(letter: Letter) -> None:
    letter.scan = SCAN
    assert letter.scan == SCAN
    letter.save()
    assert letter.scan == SCAN
    assert again(letter).scan == SCAN
    assert SCAN[:32] not in raw(letter, "scan")
    assert len(raw(letter, "scan")) == 1 + 16 + 12 + len(SCAN) + 16
    letter.refresh_from_db()
    assert letter.scan == SCAN


def test_no_bytes_are_no_bytes(letter: Letter) -> None:
    assert again(letter).scan == b""


def test_bytes_that_look_like_a_seal_are_sealed_all_the_same(letter: Letter) -> None:
    looks = raw(letter, "body")
    letter.scan = looks
    letter.save()
    assert again(letter).scan == looks


def test_too_many_bytes_are_refused(letter: Letter) -> None:
    letter.scan = bytes(2_001)
    with pytest.raises(ValueError, match="takes 2000 bytes, not 2001"), transaction.atomic():
        letter.save()


def test_bytes_moved_to_another_row_do_not_open(letter: Letter) -> None:
    letter.scan = SCAN
    letter.save()
    other = Letter.objects.create(subject=letter.subject)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE privacy_letter SET scan = %s WHERE id = %s", [raw(letter, "scan"), other.pk])
    with pytest.raises(SealedBroken):
        _ = again(other).scan


def test_unsaved_bytes_are_not_dumped(letter: Letter) -> None:
    letter.scan = SCAN
    with pytest.raises(SealMisused):
        pickle.dumps(letter)


def test_a_field_of_bytes_describes_itself_to_migrations() -> None:
    _name, path, _args, kwargs = Letter._meta.get_field("scan").deconstruct()
    assert path == "vasistas.guard.sealed_bytes.SealedBytes"
    assert kwargs == {"key_class": "support", "bytes_max": 2_000, "blank": True}
