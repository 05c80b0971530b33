"""Opening accounts and changing names: two at once never get the same address or name."""

import pytest

from tests.factories.accounts import make_member
from vasistas.apps.accounts import operations
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy.models import Subject

pytestmark = pytest.mark.django_db


def test_open_account_makes_a_member_and_its_subject():
    member = operations.open_account(email=" Vi@Example.ORG ", display_name="Violet", password="a long sentence")

    assert (member.email, member.display_name, member.name_key) == ("vi@example.org", "Violet", "violet")
    assert member.subject.kind == Subject.Kind.MEMBER
    assert not member.is_staff
    assert member.password.startswith("argon2$")


@pytest.mark.parametrize(
    ("email", "name", "refusal"),
    [("other@example.org", "V.I", operations.NameTaken), ("vi@example.org", "Other", operations.AddressTaken)],
)
def test_open_account_refuses_what_is_taken_and_leaves_nothing_behind(email, name, refusal):
    make_member("Vi")

    with pytest.raises(refusal):
        operations.open_account(email=email, display_name=name, password="a long sentence")

    assert (Member.objects.count(), Subject.objects.count()) == (1, 1)


def test_change_name_refuses_what_is_taken():
    vi = make_member("Vi")
    make_member("Ada")

    with pytest.raises(operations.NameTaken):
        operations.change_name(member=vi, display_name="adA")

    vi.refresh_from_db()
    assert vi.display_name == "Vi"
