"""Mail addresses at rest: found by an index, sealed for their owner, and nowhere in clear."""

import io
import pickle
import re

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db import IntegrityError, transaction

from tests.factories.accounts import make_member
from tests.factories.dumps import everything_stored
from vasistas.apps.accounts.models import Member
from vasistas.guard import addresses, keyring, purposes
from vasistas.guard.gate import PurposeRefused
from vasistas.guard.sealed import SealedBroken, SealedGone, SealMisused

pytestmark = pytest.mark.django_db(databases=["default", "keys"])

PLANTED = "kingfisher.weir@example.org"


@pytest.fixture(autouse=True)
def enforced(settings):
    settings.GATE_MODE = "enforce"


def row_of(member: Member) -> EmailAddress:
    return EmailAddress.objects.get(user=member)


def test_no_address_is_stored_in_clear_in_either_database():
    make_member("Vi", email=PLANTED)

    for alias in ("default", "keys"):
        stored = everything_stored(alias).lower()
        assert b"kingfisher" not in stored
        assert b"example.org" not in stored
    assert b"Vi" in everything_stored()  # the search can find: names are shown, and stored in clear


def test_an_address_reads_as_ever():
    vi = make_member("Vi", email=f" {PLANTED.upper()} ")

    assert (vi.email, Member.objects.get().email, row_of(vi).email) == (PLANTED,) * 3
    assert Member(email="Not@Saved.example").email == "Not@Saved.example"


@pytest.mark.parametrize(
    "look_up",
    [{"email": PLANTED}, {"email__iexact": PLANTED.upper()}, {"email__in": ["nobody@example.org", PLANTED]}],
)
@pytest.mark.parametrize("model", [Member, EmailAddress])
def test_both_tables_find_it_whole_in_any_case(model, look_up):
    make_member("Max")
    vi = make_member("Vi", email=PLANTED)

    found = model.objects.filter(**look_up)

    assert [one.email for one in found] == [PLANTED]
    assert [getattr(one, "user", one) for one in found] == [vi]


@pytest.mark.parametrize("look_up", ["contains", "icontains", "startswith", "endswith", "regex", "gt"])
def test_other_look_ups_are_refused_with_the_remedy(look_up):
    for model in (Member, EmailAddress):
        with pytest.raises(SealMisused, match="found whole, by exact, iexact or in"):
            model.objects.filter(**{f"email__{look_up}": "kingfisher"})


def test_update_is_refused_since_it_would_leave_the_seal_behind():
    vi = make_member("Vi")

    for rows in (Member.objects.all(), EmailAddress.objects.all()):
        with pytest.raises(SealMisused, match="assign it to the row"), transaction.atomic():
            rows.update(email=PLANTED)

    vi.refresh_from_db()
    assert vi.email == row_of(vi).email == "vi@example.org"


def test_what_is_stored_is_an_index_that_the_suppression_list_does_not_share():
    vi = make_member("Vi", email=PLANTED)

    stored = {Member.objects.values_list("email", flat=True).get(), row_of(vi).__dict__["email"]}

    assert stored == {addresses.index_of(PLANTED)}
    assert re.fullmatch("[0-9a-f]{32}", *stored)
    assert stored != {keyring.blind("blind.suppression", PLANTED)}


@pytest.mark.parametrize("spelt", [PLANTED, PLANTED.upper(), f"  {PLANTED}"])
def test_two_accounts_never_share_an_address(spelt):
    make_member("Vi", email=PLANTED)

    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.create_user(spelt, "Max")
    max_ = make_member("Max")
    with pytest.raises(IntegrityError), transaction.atomic():
        EmailAddress.objects.create(user=max_, email=spelt, verified=True)


def test_a_new_address_replaces_index_and_seal_even_if_one_field_is_named():
    vi = make_member("Vi")

    vi.email = PLANTED
    vi.save(update_fields=["email"])

    assert Member.objects.get(email=PLANTED).email == PLANTED
    assert not Member.objects.filter(email="vi@example.org").exists()


def test_saving_a_loaded_row_opens_nothing_and_keeps_the_seal():
    make_member("Vi")
    before = Member.objects.values("email", "email_sealed").get()

    vi = Member.objects.get()
    vi.is_active = False
    with purposes.processing("session"):  # may not touch addresses
        vi.save(update_fields=["is_active"])
    vi.save()

    assert Member.objects.values("email", "email_sealed").get() == before


def test_opening_needs_a_purpose_that_names_addresses():
    vi = make_member("Vi")
    loaded, row = Member.objects.get(), row_of(vi)

    with purposes.processing("chat"):
        for one in (loaded, row):
            with pytest.raises(PurposeRefused):
                _ = one.email
    with purposes.processing("account"):
        assert loaded.email == row.email == "vi@example.org"


def test_refreshing_opens_nothing():
    make_member("Vi")
    vi, row = Member.objects.get(), EmailAddress.objects.get()

    for one in (vi, row):
        one.refresh_from_db()
        one.refresh_from_db(fields=["email"])
        assert isinstance(one.__dict__["email"], addresses.Index)
        assert isinstance(one.__dict__["email_sealed"], bytes)
        assert one.email == "vi@example.org"


def test_a_deferred_address_loads_when_it_is_read():
    make_member("Vi")

    assert Member.objects.only("pk").get().email == "vi@example.org"
    assert EmailAddress.objects.defer("email", "email_sealed").get().email == "vi@example.org"


def test_a_seal_moved_to_another_person_does_not_open():
    vi, max_ = make_member("Vi"), make_member("Max")
    stolen = Member.objects.values("row_key", "email_sealed").get(pk=vi.pk)

    Member.objects.filter(pk=max_.pk).update(row_key=stolen["row_key"])
    with transaction.atomic():
        theirs = Member.objects.get(pk=max_.pk)
        theirs.__dict__["email_sealed"] = stolen["email_sealed"]
        theirs.save()

    with pytest.raises(SealedBroken):
        _ = Member.objects.get(pk=max_.pk).email
    assert Member.objects.get(pk=vi.pk).email == "vi@example.org"


def test_a_destroyed_key_takes_the_address_out_of_both_tables():
    vi = make_member("Vi")
    keyring.destroy(vi.subject.key_handle)

    for one in (Member.objects.get(), row_of(vi)):
        with pytest.raises(SealedGone):
            _ = one.email


def test_dumps_and_pickles_carry_no_address_in_clear():
    vi = make_member("Vi", email=PLANTED)
    dumped = io.StringIO()

    call_command("dumpdata", "accounts.Member", "account.EmailAddress", stdout=dumped)

    assert "kingfisher" not in dumped.getvalue()
    assert dumped.getvalue().count(addresses.index_of(PLANTED)) == 2
    assert pickle.loads(pickle.dumps(Member.objects.get(pk=vi.pk))).email == PLANTED
    for unsaved in (Member(email=PLANTED), EmailAddress(email=PLANTED)):
        with pytest.raises(SealMisused, match="unsaved row is plain text"):
            pickle.dumps(unsaved)
