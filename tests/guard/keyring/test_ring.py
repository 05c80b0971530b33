"""Keys in use: made once, opened again, destroyed for good."""

from uuid import uuid4

import pytest

from vasistas.guard import keyring
from vasistas.guard.keyring import models

pytestmark = pytest.mark.django_db


def test_a_key_is_made_once_and_opens_again() -> None:
    handle = uuid4()

    made = keyring.data_key(handle, "communications")
    keyring.forget_cached()

    assert keyring.data_key(handle, "communications").secret == made.secret
    assert keyring.key_of(made.id).secret == made.secret


def test_each_person_and_class_has_a_key_of_its_own() -> None:
    one, other = uuid4(), uuid4()

    keys = {keyring.data_key(handle, kind).secret for handle in (one, other) for kind in models.KeyClass.values}

    assert len(keys) == 8
