from datetime import UTC, datetime, timedelta

import pytest

from tests.factories.accounts import make_member
from tests.factories.providers import make_host, make_studio
from vasistas.apps.providers import operations, queries, rules
from vasistas.apps.providers.models import Host, StudioInvitation
from vasistas.lib.errors import LimitReached, NotAllowed, NotFound

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def test_a_member_who_agrees_becomes_a_host_once() -> None:
    ada = make_member("Ada", password=None)
    host = operations.become_host(member=ada, at=NOON, agreed=True)
    again = operations.become_host(member=ada, at=NOON + timedelta(1), agreed=True)
    assert (again.pk, again.agreed_at) == (host.pk, NOON)
    assert rules.can_broadcast(queries.host_of(ada))


def test_without_agreement_there_is_no_host() -> None:
    with pytest.raises(operations.TermsNotAgreed) as refused:
        operations.become_host(member=make_member("Ada", password=None), at=NOON, agreed=False)
    assert set(refused.value.fields) == {"agreed"}
    assert not Host.objects.exists()


def test_a_suspended_host_does_not_broadcast() -> None:
    assert not rules.can_broadcast(make_host(is_suspended=True))
    assert not rules.can_broadcast(None)


def test_a_studio_has_one_address_and_an_owner_few_studios() -> None:
    stu = make_member("Stu", password=None)
    operations.create_studio(owner=stu, name="Lux", slug="lux", at=NOON)
    with pytest.raises(operations.SlugTaken):
        operations.create_studio(owner=make_member("Max", password=None), name="Lux", slug="lux", at=NOON)
    for number in range(rules.STUDIOS_OWNED_MAX - 1):
        operations.create_studio(owner=stu, name="Lux", slug=f"lux-{number}", at=NOON)
    with pytest.raises(LimitReached):
        operations.create_studio(owner=stu, name="Lux", slug="lux-more", at=NOON)
    assert len(queries.studios_of(stu)) == rules.STUDIOS_OWNED_MAX


def test_a_studio_is_shown_to_its_owner_only() -> None:
    studio = make_studio()
    assert queries.get_studio_for(owner=studio.owner, slug=studio.slug) == studio
    with pytest.raises(NotFound):
        queries.get_studio_for(owner=make_member("Max", password=None), slug=studio.slug)


def test_an_invitation_works_once() -> None:
    studio, ada = make_studio(), make_host()
    token = operations.invite_host(studio=studio, at=NOON)
    assert StudioInvitation.objects.get().token_hash != token
    operations.accept_invitation(host=ada, token=token, at=NOON)
    assert [host.name for host in queries.hosts_of(studio)] == ["Ada"]
    mira = make_host(make_member("Mira", password=None))
    with pytest.raises(queries.InvitationSpent):
        operations.accept_invitation(host=mira, token=token, at=NOON)


@pytest.mark.parametrize(("later", "works"), [(timedelta(days=7, seconds=-1), True), (timedelta(days=7), False)])
def test_an_invitation_is_good_for_seven_days(later, works) -> None:
    studio, ada = make_studio(), make_host()
    token = operations.invite_host(studio=studio, at=NOON)
    if works:
        assert operations.accept_invitation(host=ada, token=token, at=NOON + later) == studio
        return
    with pytest.raises(queries.InvitationSpent):
        operations.accept_invitation(host=ada, token=token, at=NOON + later)
    operations.invite_host(studio=studio, at=NOON + later)
    assert StudioInvitation.objects.count() == 1  # the expired one is gone


def test_a_forged_invitation_is_refused_like_a_spent_one() -> None:
    with pytest.raises(queries.InvitationSpent):
        operations.accept_invitation(host=make_host(), token="x" * 43, at=NOON)


def test_open_invitations_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "INVITATIONS_OPEN_MAX", 1)
    studio = make_studio()
    operations.invite_host(studio=studio, at=NOON)
    with pytest.raises(LimitReached):
        operations.invite_host(studio=studio, at=NOON)


def test_a_host_works_for_one_studio_until_they_leave() -> None:
    lux, other = make_studio(), make_studio(make_member("Otto", password=None), slug="other")
    ada = make_host(studio=lux)
    token = operations.invite_host(studio=other, at=NOON)
    with pytest.raises(operations.InAStudioAlready):
        operations.accept_invitation(host=ada, token=token, at=NOON)
    operations.leave_studio(host=ada)
    operations.leave_studio(host=ada)
    assert operations.accept_invitation(host=ada, token=token, at=NOON) == other


def test_a_studio_lets_its_own_hosts_go_and_no_others() -> None:
    lux, ada = make_studio(), make_host()
    with pytest.raises(NotAllowed):
        operations.release_host(studio=lux, host_id=ada.pk)
    Host.objects.update(studio=lux)
    operations.release_host(studio=lux, host_id=ada.pk)
    assert queries.hosts_of(lux) == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_hosts_is_one_query(count: int, django_assert_num_queries) -> None:
    studio = make_studio()
    for number in range(count):
        make_host(make_member(f"Host {number}", password=None), studio=studio)
    with django_assert_num_queries(1):
        assert len(queries.hosts_of(studio)) == count
