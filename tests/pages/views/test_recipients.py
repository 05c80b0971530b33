"""Who got it, corrections in place with their history, and the staff's page of what was not acknowledged."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.providers import make_host
from tests.factories.rooms import make_room
from tests.pages.test_every_page import faults_of
from vasistas.apps.accounts.models import Member
from vasistas.apps.privacy import operations
from vasistas.apps.privacy.models import Correction, RecipientNotice
from vasistas.apps.rooms.models import Room
from vasistas.guard.egress import door
from vasistas.guard.egress import queries as egress
from vasistas.guard.policy import get_policy
from vasistas.guard.purposes import processing
from vasistas.guard.retention import sweep
from vasistas.pages.views.recipients import CORRECTIONS_PER_MINUTE
from vasistas.proof.checks import rights

pytestmark = pytest.mark.django_db
NAME, MAIL, ROOM = "user.account.username", "user.contact.email", "host.profile"
DETAILS = {"title": "The reef at night", "category": "nature", "language": "en", "content_class": "general"}


@pytest.fixture
def vi(client):
    member = make_member("Vi")
    client.force_login(member)
    return member


@pytest.fixture
def sam(client):
    member = make_member("Sam", is_staff=True)
    client.force_login(member)
    return member


def correct(client, key, **sent):
    return client.post(reverse("pages:correct", args=[key]), sent)


def send_mail_to(member, times=1):
    with processing("account"):
        door.hand_over("mail", {MAIL}, [member.subject_id] * times)


def escalate():
    """A notice about somebody, which its recipient has no address for."""
    max_ = make_member("Max")
    send_mail_to(max_)
    played = replace(get_policy().recipients["mail"], not_told={})
    with door.rehearsing({**get_policy().recipients, "mail": played}):
        operations.tell_recipients(subject_id=max_.subject_id, what="erased", at=timezone.now())
        operations.send_notices(at=timezone.now())
    return RecipientNotice.objects.get()


# -- Who got it --------------------------------------------------------------------------------------------------------


def test_visitors_are_sent_to_sign_in(client):
    for address in ("/account/recipients/", "/account/data/user.contact.email/correct/", "/staff/recipients/"):
        assert client.get(address)["Location"] == f"/accounts/login/?next={address}"


def test_members_see_who_got_what_when_why_and_how_often(client, vi):
    send_mail_to(vi, times=3)
    send_mail_to(make_member("Max"), times=5)

    page = client.get("/account/recipients/")

    markup = page.content.decode()
    assert page.status_code == 200
    assert faults_of(markup) == []
    (given,) = page.context["page"].object_list
    assert (given.given.recipient, given.given.count, given.purpose.key) == ("mail", 3, "account")
    for words in ("Mail provider", "Mail address", "It keeps no copy", "Hosts, in their own room"):
        assert words in markup


def test_nothing_handed_out_says_so_and_still_tells_who_sees_what_is_published(client, vi):
    markup = client.get("/account/recipients/").content.decode()
    assert "Nobody did." in markup
    assert "Everyone in a room" in markup


def test_what_left_is_shown_in_pages(client, vi, time_machine):
    for day in range(1, 28):
        time_machine.move_to(datetime(2026, 3, day, 12, tzinfo=UTC), tick=False)
        send_mail_to(vi)
    first, second = (client.get(f"/account/recipients/?page={number}") for number in (1, 2))
    assert [len(one.context["page"].object_list) for one in (first, second)] == [25, 2]


def test_what_the_recipient_was_told_stands_beside_it(client, vi):
    played = replace(get_policy().recipients["mail"], not_told={}, told_at="http://127.0.0.1:1/notices")
    send_mail_to(vi)
    with door.rehearsing({**get_policy().recipients, "mail": played}):
        operations.tell_recipients(subject_id=vi.subject_id, what="corrected", at=timezone.now(), categories={MAIL})
        operations.send_notices(at=timezone.now())
        markup = client.get("/account/recipients/").content.decode()
    assert "Not acknowledged yet, is sent again" in markup
    assert "It is told, until it acknowledges." in markup
    assert egress.known_as(vi.subject_id, "mail") not in markup


def test_the_archive_tells_to_whom_what_was_told_and_what_stood_before(client, vi):
    send_mail_to(vi)
    correct(client, NAME, display_name="Viola")
    played = replace(get_policy().recipients["mail"], not_told={})
    with door.rehearsing({**get_policy().recipients, "mail": played}):
        operations.tell_recipients(subject_id=vi.subject_id, what="corrected", at=timezone.now(), categories={MAIL})

    files = rights.taken(rights.archive.stream(vi.subject_id, at=timezone.now(), language="en"))

    (given,) = rights.rows_in(files, "egress.Transfer")
    (told,) = rights.rows_in(files, "privacy.RecipientNotice")
    (corrected,) = rights.rows_in(files, "privacy.Correction")
    assert (given["recipient"], given["categories"], given["count"]) == ("mail", MAIL, 1)
    assert (told["recipient"], told["what"], told["state"]) == ("mail", "corrected", "pending")
    assert (corrected["before"], corrected["after"], corrected["category"]) == ("Vi", "Viola", NAME)


# -- Corrections -------------------------------------------------------------------------------------------------------


def test_every_category_has_a_page_that_corrects_or_says_why_not(client, vi):
    for held in client.get("/account/data/").context["every"]:
        page = client.get(reverse("pages:correct", args=[held.category.key]))
        assert page.status_code == 200, held.category.key
        assert faults_of(page.content.decode()) == [], held.category.key
        assert page.context["words"]
    assert client.get("/account/data/no.such.category/correct/").status_code == 404


def test_the_name_is_corrected_in_place_and_its_history_is_shown(client, vi):
    answer = correct(client, NAME, display_name="Viola")

    assert answer["Location"] == f"/account/data/{NAME}/"
    vi.refresh_from_db()
    assert vi.display_name == "Viola"
    markup = client.get(f"/account/data/{NAME}/").content.decode()
    assert "<dd>Vi</dd>" in markup
    assert "<dd>Viola</dd>" in markup
    client.force_login(make_member("Max"))
    assert "Viola" not in client.get(f"/account/data/{NAME}/").content.decode()


def test_what_stood_before_rests_sealed_and_goes_with_the_person(client, vi):
    correct(client, NAME, display_name="Viola")
    kept = Correction.objects.get()
    assert isinstance(kept.__dict__["before"], bytes)
    assert b"Vi" not in kept.__dict__["before"]

    operations.erase(subject_id=vi.subject_id, at=timezone.now())
    assert not Correction.objects.exists()


def test_history_is_forgotten_by_its_age(client, vi):
    correct(client, NAME, display_name="Viola")
    now = timezone.now()
    sweep(now + timedelta(days=364))
    assert Correction.objects.count() == 1
    sweep(now + timedelta(days=366))
    assert Correction.objects.count() == 0


def test_the_same_name_again_is_no_correction(client, vi):
    correct(client, NAME, display_name="Vi")
    assert not Correction.objects.exists()


@pytest.mark.parametrize("name", ["", "ab", "Max", "x" * 25, "admin", "a\u202eb c"])
def test_what_is_no_name_is_refused_and_leaves_no_history(client, vi, name):
    make_member("Max")
    answer = correct(client, NAME, display_name=name)
    assert answer.status_code == 422
    assert (Member.objects.get(pk=vi.pk).display_name, Correction.objects.count()) == ("Vi", 0)


def test_a_room_is_corrected_in_place(client):
    room = make_room(make_host(make_member("Ada")), slug="reef")
    client.force_login(room.host.member)
    before = room.title

    answer = correct(client, ROOM, **DETAILS)

    assert answer.status_code == 302
    assert Room.objects.get(pk=room.pk).title == "The reef at night"
    assert [(one.field, one.before) for one in Correction.objects.filter(field="rooms.Room.title")] == [
        ("rooms.Room.title", before)
    ]


def test_who_has_no_room_is_told_so(client, vi):
    assert "You have no room" in client.get(reverse("pages:correct", args=[ROOM])).content.decode()


def test_what_is_not_typed_cannot_be_posted(client, vi):
    for key in ("user.account.activity", MAIL, ROOM):
        assert correct(client, key, display_name="Viola").status_code == 405
    assert not Correction.objects.exists()


def test_corrections_have_a_limit(client, vi):
    statuses = [correct(client, NAME, display_name=f"Viola {n}").status_code for n in range(CORRECTIONS_PER_MINUTE + 1)]
    assert statuses == [302] * CORRECTIONS_PER_MINUTE + [429]


def test_my_data_says_each_period_once(client, vi):
    for held in client.get("/account/data/").context["every"]:
        words = [rule.words["en"] for rule in held.rules]
        assert len(words) == len(set(words)), held.category.key


# -- Staff -------------------------------------------------------------------------------------------------------------


def test_the_staffs_page_is_no_page_to_members(client, vi):
    assert client.get("/staff/recipients/").status_code == 404
    assert client.post("/staff/recipients/", {"act": "settle", "notice": "x"}).status_code == 404


def test_staff_see_what_was_not_acknowledged_and_settle_it(client, sam):
    notice = escalate()
    page = client.get("/staff/recipients/").content.decode()
    assert faults_of(page) == []
    assert notice.about in page
    assert "no address" in page

    answer = client.post("/staff/recipients/", {"act": "settle", "notice": str(notice.notice_id)})

    assert answer["Location"] == "/staff/recipients/"
    assert RecipientNotice.objects.get().by_hand
    assert "Nothing waits for you." in client.get("/staff/recipients/").content.decode()


def test_staff_send_it_again(client, sam):
    notice = escalate()
    client.post("/staff/recipients/", {"act": "again", "notice": str(notice.notice_id)})
    assert RecipientNotice.objects.get().state == "pending"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"act": "settle"},
        {"act": "settle", "notice": "7"},
        {"act": "settle", "notice": "00000000-0000-0000-0000-000000000000"},
        {"act": "erase", "notice": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_what_is_no_act_or_no_notice_is_not_found(client, sam, sent):
    assert client.post("/staff/recipients/", sent).status_code == 404
