"""Changing the policy: two of the staff approve and release, members see it coming, each door to those it is for."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from allauth.account import app_settings as account_settings
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import TOTP_SECRET, make_member
from tests.factories.policy import NOTICE, release
from tests.pages.test_every_page import faults_of
from tests.pages.test_policy_change import lengthen_chat
from vasistas.apps.privacy.models import PolicyApproval, PolicyNotice
from vasistas.guard.policy import get_policy, versions
from vasistas.guard.reads.models import Entry

pytestmark = pytest.mark.django_db

PAGE, APPROVE, RELEASE = "/staff/policy/", "/staff/policy/approve/", "/staff/policy/release/"
TITLE = "The privacy policy changes on"


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Version 1 is in force."""
    copy = tmp_path / "policy"
    shutil.copytree(settings.POLICY, copy, ignore=shutil.ignore_patterns("versions"))
    settings.POLICY, settings.POLICY_IN_FORCE = copy, "released"
    set_day(copy, 0)
    release(copy, today=timezone.now().date())
    get_policy.cache_clear()
    yield copy
    get_policy.cache_clear()


def set_day(folder: Path, days: int) -> None:
    """Write the day of force into the draft, so many days from now."""
    file, day = folder / "policy.toml", timezone.now().date() + timedelta(days=days)
    lines = file.read_text().split("\n")
    file.write_text("\n".join(f"effective = {day}" if one.startswith("effective =") else one for one in lines))


@pytest.fixture
def draft(folder: Path) -> Path:
    """A draft of version 2 keeps the chat for longer, from the first day on which that may be."""
    lengthen_chat(folder)
    set_day(folder, NOTICE.days)
    return folder


def staff(name: str, **over: Any) -> Client:
    """A browser in which someone of the staff has just used their second factor."""
    client = Client()
    client.force_login(make_member(name, password=None, is_staff=True, **over))
    use_second_factor(client)
    return client


def use_second_factor(client: Client, *, kind: str = "totp", ago_s: float = 0) -> None:
    at = timezone.now().timestamp() - ago_s
    record(client, [{"method": "mfa", "type": kind, "at": at, "id": 1}])


def record(client: Client, methods: list[dict[str, Any]]) -> None:
    """Let allauth believe that these were used in this session, by whoever is signed in."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = methods
    session["account_authentication_methods_user"] = session[SESSION_KEY]
    session.save()


def shown_hash() -> str:
    return versions.candidate(settings_policy(), effective=None, today=timezone.now().date()).files_hash


def settings_policy() -> Path:
    from django.conf import settings  # noqa: PLC0415 — the fixture's value, at the moment of the call

    return Path(settings.POLICY)


def approve(client: Client, files_hash: str) -> Any:
    return client.post(APPROVE, {"files_hash": files_hash})


# -- The door ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [PAGE, APPROVE, RELEASE])
@pytest.mark.parametrize("method", ["get", "post"])
def test_to_members_there_is_no_such_page_and_visitors_sign_in(client: Client, draft: Path, address: str, method: str):
    assert getattr(client, method)(address)["Location"] == f"/accounts/login/?next={address}"

    client.force_login(make_member("Vi"))

    assert getattr(client, method)(address).status_code == 404


@pytest.mark.parametrize("address", [APPROVE, RELEASE])
def test_looking_at_it_changes_nothing(draft: Path, address: str):
    assert staff("Sam").get(address).status_code == 405


@pytest.mark.parametrize("address", [APPROVE, RELEASE])
@pytest.mark.parametrize(
    "records",
    [
        [],
        [{"method": "password", "at": 9e9}],
        [{"method": "mfa", "type": "recovery_codes", "at": 9e9}],
    ],
)
def test_a_second_factor_is_asked_for_unless_it_was_just_used(draft: Path, address: str, records: list[Any]):
    sam, files_hash = staff("Sam"), shown_hash()
    record(sam, records)

    answer = sam.post(address, {"files_hash": files_hash})

    assert answer["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    assert not PolicyApproval.objects.exists()
    assert versions.history(draft) == [1]


def test_a_second_factor_that_was_used_too_long_ago_is_asked_for_again_and_then_it_goes_on(draft: Path):
    sam, files_hash = staff("Sam"), shown_hash()
    use_second_factor(sam, ago_s=account_settings.REAUTHENTICATION_TIMEOUT + 1)

    asked = approve(sam, files_hash)
    assert asked["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert not PolicyApproval.objects.exists()
    code = totp.format_hotp_value(totp.hotp_value(TOTP_SECRET, int(timezone.now().timestamp()) // 30))
    sam.post(asked["Location"], {"code": code})

    assert PolicyApproval.objects.get().files_hash == files_hash


# -- Four eyes ---------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_would_change_and_widen(draft: Path):
    page = staff("Sam").get(PAGE).content.decode()

    assert shown_hash() in page
    assert "Period: 60 days after it was said" in page
    assert "Lets us do more" in page
    assert "0 of 2 approvals" in page
    assert "Release it" not in page
    assert faults_of(page) == []


def test_two_people_approve_what_they_read_and_it_is_released(draft: Path):
    sam, lea, files_hash = staff("Sam"), staff("Lea", is_superuser=True), shown_hash()
    approve(sam, files_hash)
    assert "You have approved it." in sam.get(PAGE).content.decode()
    approve(lea, files_hash)
    page = lea.get(PAGE).content.decode()
    assert "2 of 2 approvals" in page
    assert "Sam (Staff)" in page
    assert "Lea (Operator)" in page
    lea.post(RELEASE, {"files_hash": files_hash})

    assert versions.history(draft) == [1, 2]
    found = versions.approvals_of(draft, 2)
    assert {one.reference for one in found.given} == {str(one.reference) for one in PolicyApproval.objects.all()}
    assert sorted(one.role for one in found.given) == ["operator", "staff"]
    assert "Sam" not in (draft / "versions/2/approvals.json").read_text()
    assert (get_policy().version, [one.version for one in get_policy.to_come()]) == (1, [2])
    assert "Members are being told." in sam.get(PAGE).content.decode()


def test_one_person_does_not_approve_twice(draft: Path):
    sam, files_hash = staff("Sam"), shown_hash()

    answers = [approve(sam, files_hash).status_code for _ in range(2)]
    sam.post(RELEASE, {"files_hash": files_hash})

    assert answers == [302, 409]
    assert PolicyApproval.objects.count() == 1
    assert versions.history(draft) == [1]


def test_one_approval_releases_nothing(draft: Path):
    sam, files_hash = staff("Sam"), shown_hash()
    approve(sam, files_hash)

    assert sam.post(RELEASE, {"files_hash": files_hash})["Location"] == PAGE
    assert versions.history(draft) == [1]


def test_an_edit_after_the_approvals_voids_them(draft: Path):
    sam, lea, files_hash = staff("Sam"), staff("Lea"), shown_hash()
    approve(sam, files_hash)
    approve(lea, files_hash)
    words = draft / "clauses" / "en.md"
    words.write_text(words.read_text().replace("30 days", "thirty days", 1))

    assert lea.post(RELEASE, {"files_hash": files_hash}).status_code == 409
    assert lea.post(RELEASE, {"files_hash": shown_hash()})["Location"] == PAGE
    assert "0 of 2 approvals" in lea.get(PAGE).content.decode()
    assert versions.history(draft) == [1]


@pytest.mark.parametrize("files_hash", ["", "0" * 64, "<b>"])
def test_another_hash_than_that_of_the_files_is_not_approved(draft: Path, files_hash: str):
    assert approve(staff("Sam"), files_hash).status_code == 409
    assert not PolicyApproval.objects.exists()


def test_files_that_are_no_version_are_told_with_line_and_remedy(draft: Path):
    set_day(draft, NOTICE.days - 1)
    sam = staff("Sam")

    page = sam.get(PAGE).content.decode()

    assert "The files are no next version yet" in page
    assert "policy/policy.toml:" in page
    assert f"Name a day from {timezone.now().date() + NOTICE}." in page
    assert faults_of(page) == []
    assert approve(sam, "0" * 64)["Location"] == PAGE


def test_without_a_change_there_is_nothing_to_approve(folder: Path):
    assert "Nothing has changed since version 1." in staff("Sam").get(PAGE).content.decode()


def test_the_first_version_waits_for_the_command_line(draft: Path):
    shutil.rmtree(draft / "versions")
    get_policy.cache_clear()

    page = staff("Sam").get(PAGE).content.decode()

    assert "vasistas policy release" in page
    assert "Approve exactly this" not in page


def test_a_folder_that_cannot_be_written_is_told(draft: Path):
    sam, lea, files_hash = staff("Sam"), staff("Lea"), shown_hash()
    approve(sam, files_hash)
    approve(lea, files_hash)
    (draft / "versions/.2.tmp").write_text("in the way")

    answer = lea.post(RELEASE, {"files_hash": files_hash})

    assert answer.status_code == 400
    assert "cannot be written" in answer.content.decode()
    assert versions.history(draft) == [1]


def test_who_approved_is_shown_to_staff_and_that_is_noted(draft: Path):
    sam, lea = staff("Sam"), staff("Lea")
    approve(sam, shown_hash())
    Entry.objects.all().delete()

    lea.get(PAGE)

    assert Entry.objects.filter(purpose="staff").exclude(subject="").exists()


# -- Members -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def coming(draft: Path) -> Path:
    release(draft, today=timezone.now().date(), effective=timezone.now().date() + NOTICE)
    get_policy.cache_clear()
    return draft


@pytest.fixture
def vi(client: Client) -> Client:
    client.force_login(make_member("Vi", password=None))
    return client


def test_a_change_on_its_way_is_announced_where_people_look(vi: Client, coming: Path):
    for address in ("/privacy/", "/account/", "/account/changes/", "/account/data/"):
        page = vi.get(address).content.decode()
        assert TITLE in page, address
        assert "/privacy/versions/2/diff/" in page
        assert faults_of(page) == [], address
    assert TITLE not in vi.get("/rooms/").content.decode()
    visitor = Client().get("/privacy/")
    assert TITLE in visitor.content.decode()
    assert not visitor.cookies


def test_a_member_puts_the_notice_away_for_themselves_without_a_cookie(vi: Client, coming: Path):
    answer = vi.post("/account/changes/2/read/")
    vi.post("/account/changes/2/read/")

    assert answer["Location"] == "/account/changes/"
    assert not answer.cookies
    page = vi.get("/account/changes/").content.decode()
    assert TITLE not in page
    assert "Here; you put it away" in page
    assert PolicyNotice.objects.get().via == "site"
    other = Client()
    other.force_login(make_member("Max", password=None))
    assert TITLE in other.get("/account/").content.decode()


@pytest.mark.parametrize("number", [0, 1, 3, 99999999999])
def test_what_is_not_on_its_way_cannot_be_put_away(vi: Client, coming: Path, number: int):
    assert vi.post(f"/account/changes/{number}/read/").status_code == 404
    assert not PolicyNotice.objects.exists()


def test_the_page_of_changes_is_ones_own(client: Client, coming: Path):
    assert client.get("/account/changes/")["Location"] == "/accounts/login/?next=/account/changes/"
    assert client.post("/account/changes/2/read/")["Location"].startswith("/accounts/login/")


def test_on_its_day_the_notice_goes_and_the_version_rules(vi: Client, coming: Path):
    with time_machine.travel(timezone.now() + NOTICE, tick=False):
        vi.force_login(make_member("Bo", password=None))

        assert TITLE not in vi.get("/account/").content.decode()
        assert get_policy().retention["room_chat"].days_max == 60


def test_without_a_change_nobody_is_told_anything(vi: Client, folder: Path):
    assert TITLE not in vi.get("/account/").content.decode()
    assert "There was nothing to tell you yet." in vi.get("/account/changes/").content.decode()
