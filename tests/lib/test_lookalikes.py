"""Spellings that an eye takes for one another."""

import pytest

from vasistas.lib import lookalikes


@pytest.mark.parametrize("spelling", ["ada lee", "Ada_Lee", "ADA.LEE", "Áda-Lée", "Аdа Lее", "Ａｄａ Lee", "adalee"])
def test_key_is_one_for_all_spellings_of_a_name(spelling):
    assert lookalikes.key(spelling) == lookalikes.key("Ada Lee")


@pytest.mark.parametrize(("one", "other"), [("Ada", "Adam"), ("Vi1", "Vi2"), ("Юля", "Оля"), ("Bo", "Bob")])
def test_key_tells_names_apart(one, other):
    assert lookalikes.key(one) != lookalikes.key(other)


@pytest.mark.parametrize("spelling", ["4dm1n", "Adrnin", "АDМIN", "a.d.m.i.n", "Admın"])
def test_loose_key_reads_digits_as_letters(spelling):
    assert lookalikes.loose_key(spelling) == lookalikes.loose_key("admin")
