"""The pairwise name under which a host knows a member."""

import re

import pytest

from tests.factories.accounts import make_member
from vasistas.apps.accounts import queries

pytestmark = pytest.mark.django_db


def test_alias_is_the_same_in_one_room_and_another_in_the_next():
    vi = make_member("Vi")

    assert queries.alias_for(vi, "room:1") == queries.alias_for(vi, "room:1")
    assert queries.alias_for(vi, "room:1") != queries.alias_for(vi, "room:2")


def test_alias_tells_members_apart_and_nothing_else():
    vi, bo = make_member("Vi"), make_member("Bobby")

    assert queries.alias_for(vi, "room:1") != queries.alias_for(bo, "room:1")
    assert re.fullmatch(r"[0-9a-f]{16}", queries.alias_for(vi, "room:1"))


def test_alias_needs_the_secret_key(settings):
    vi = make_member("Vi")
    before = queries.alias_for(vi, "room:1")

    settings.SECRET_KEY = "another key"

    assert queries.alias_for(vi, "room:1") != before


def test_alias_does_not_confuse_audience_and_member():
    class One:
        pk = 1

    class Eleven:
        pk = 11

    assert queries.alias_for(Eleven(), "room:") != queries.alias_for(One(), "room:1")
