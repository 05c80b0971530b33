"""Reports by anybody, statements to whom they are about, and the moderation's desk."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.chat import make_cast, make_message
from vasistas.apps.safety import operations, rules
from vasistas.apps.safety.models import Appeal, Decision, Evidence, Report, Shift
from vasistas.guard.purposes import processing
from vasistas.guard.reads import queries as reads

pytestmark = pytest.mark.django_db
NOW = timezone.now()
WORDS = {"ground": "harassment", "words": "He threatens people."}


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def sam(client, cast):
    client.force_login(cast.sam)
    return cast.sam


def url(name, *args):
    return reverse(f"pages:{name}", args=args)


@pytest.fixture
def report(cast):
    line = make_message(cast.room, cast.max, "I will find you.")
    with processing("report"):
        said = operations.Reported(cast.room, "harassment", "He threatens.", message=line)
        return operations.report(by=cast.vi, said=said, at=NOW)


def test_a_visitor_reports_a_line_and_follows_it_by_the_receipt(client, cast):
    line = make_message(cast.room, cast.max, "I will find you.")
    assert "Report" in client.get(f"/rooms/{cast.room.slug}/").content.decode()
    page = client.post(url("report_room", cast.room.slug), {**WORDS, "line": line.pk}, follow=True).content.decode()

    made = Report.objects.get()
    assert made.number in page
    assert (made.about_id, made.target, made.message_id) == (cast.max.subject_id, "message", line.pk)
    with processing("safety"):
        assert (made.words, Evidence.objects.get().text) == ("He threatens people.", "I will find you.")
    assert made.subject.kind == "visitor"
    with processing("safety"):
        operations.dismiss(made, by=cast.sam.subject_id, at=NOW)
    assert "Nothing was done" in client.get(url("report_receipt", made.token)).content.decode()
    assert client.get(url("report_receipt", "x" * 43)).status_code == 404


def test_a_report_without_words_is_told_and_too_many_are_stopped(client, cast):
    there = url("report_room", cast.room.slug)
    assert client.post(there, {"ground": "hate"}).status_code == 422
    answers = [client.post(there, WORDS).status_code for _n in range(11)]
    assert (answers[-1], Report.objects.count()) == (429, 9)


@pytest.mark.parametrize(
    ("ground", "hours"), [("imminent_harm", 1), ("minor", 1), ("intimate_image", 48), ("fraud", 72)]
)
def test_each_ground_has_its_clock(ground, hours):
    assert rules.due(ground, NOW) == NOW + timedelta(hours=hours)


def test_card_network_complaints_have_seven_business_days():
    friday = NOW + timedelta(days=(4 - NOW.weekday()) % 7)
    assert rules.due("card_network", friday).date() == (friday + timedelta(days=11)).date()


def test_the_desk_is_no_page_for_members(client, cast, report):
    client.force_login(cast.vi)
    pages = (url("staff_safety"), url("staff_wall"), url("staff_case", report.number), url("staff_appeals"))
    assert [client.get(page).status_code for page in pages] == [404] * 4
    assert client.post(url("staff_duty")).status_code == 404


def test_a_case_is_decided_with_reasons_and_its_person_sees_who_looked(client, cast, sam, report):
    assert report.number in client.get(url("staff_safety")).content.decode()
    there = url("staff_case", report.number)
    client.post(there, {"act": "take"})
    page = client.get(there).content.decode()
    assert "I will find you." in page
    assert f">{cast.vi.display_name}<" not in page
    missing = client.post(there, {"act": "decide", "action": "suspend", "ground": "harassment", "facts": "A threat."})
    assert "until when" in missing.content.decode()
    given = {"act": "decide", "action": "suspend", "ground": "harassment", "facts": "A threat.", "hours": 24}
    assert client.post(there, given).status_code == 302

    report.refresh_from_db()
    made = Decision.objects.get()
    assert (report.state, made.report_id, made.action) == ("decided", report.pk, "suspend")
    assert not type(cast.max).objects.get(pk=cast.max.pk).is_active
    found = [one for one in reads.reads_of(cast.max.subject_id, limit=50) if one.purpose == "safety"]
    assert any("safety.Evidence.text" in one.fields for one in found)


def test_a_reported_line_is_removed(client, cast, sam, report):
    given = {"act": "decide", "action": "remove", "ground": "harassment", "facts": "A threat."}
    assert client.post(url("staff_case", report.number), given).status_code == 302

    assert "I will find you." not in client.get(f"/rooms/{cast.room.slug}/").content.decode()


def test_the_wall_leads_to_a_cut_and_the_host_reads_why_and_appeals(client, cast, sam, report):
    wall = client.get(url("staff_wall")).content.decode()
    assert cast.room.title in wall
    assert "1 report" in wall
    given = {"action": "cut", "ground": "violence", "facts": "An animal was hurt.", "is_legal": "on", "act": "decide"}
    assert client.post(url("staff_decide_room", cast.room.slug), given).status_code == 302
    made = Decision.objects.get()
    assert (made.subject_id, made.room_id, made.is_legal) == (cast.ada.subject_id, cast.room.pk, True)

    _appealed(client, sam, made)


def _appealed(client, sam, made):
    client.logout()
    there = url("statement", made.token)
    page = client.get(there).content.decode()
    for words in ("An animal was hurt.", "A person, no machine", "against the law", "court"):
        assert words in page
    assert client.post(there, {"words": ""}).status_code == 422
    client.post(there, {"words": "It was a toy."})
    assert client.post(there, {"words": "Again."}).status_code == 422
    assert client.get(url("statement", "x" * 43)).status_code == 404

    appeal = Appeal.objects.get()
    client.force_login(sam)
    assert "Somebody else has to look" in client.get(url("staff_appeal", appeal.pk)).content.decode()
    client.post(url("staff_appeal", appeal.pk), {"act": "reverse", "answer": "So it was."})
    assert Appeal.objects.get().state == "open"
    client.force_login(make_member("Lea", is_staff=True))
    client.post(url("staff_appeal", appeal.pk), {"act": "reverse", "answer": "So it was."})
    assert Appeal.objects.get().state == "reversed"
    assert "So it was." in client.get(there).content.decode()


def test_a_member_finds_the_decisions_about_them(client, cast):
    with processing("safety"):
        order = operations.Order(cast.sam, cast.max, "warn", "hate", "You said something.")
        made = operations.decide(order, at=NOW)
    client.force_login(cast.max)
    assert url("statement", made.token) in client.get(url("my_statements")).content.decode()
    client.force_login(cast.vi)
    assert url("statement", made.token) not in client.get(url("my_statements")).content.decode()


def test_duty_begins_and_ends_on_the_desk(client, cast, sam, settings):
    settings.NOBODY_ON_DUTY = "closed"
    assert "no new broadcast begins" in client.get(url("staff_safety")).content.decode()
    client.post(url("staff_duty"), {"act": "begin"})
    assert "You are on duty" in client.get(url("staff_safety")).content.decode()
    client.post(url("staff_duty"), {"act": "end"})
    assert Shift.objects.get().ended_at is not None


def test_a_suspended_members_browser_gets_no_media(client, cast):
    client.force_login(cast.max)
    type(cast.max).objects.filter(pk=cast.max.pk).update(is_active=False)
    answer = client.post(f"/rooms/{cast.room.slug}/whep", "v=0", content_type="application/sdp")

    assert (answer.status_code, answer.json()["code"]) == (403, "accounts.suspended")


def test_a_line_is_reported_though_many_came_after_it_or_it_was_removed(client, cast):
    line = make_message(cast.room, cast.max, "I will find you.")
    for number in range(25):
        make_message(cast.room, cast.vi, f"line {number}")
    type(line).objects.filter(pk=line.pk).update(deleted_at=NOW)
    client.post(url("report_room", cast.room.slug), {**WORDS, "line": line.pk})

    assert Report.objects.get().about_id == cast.max.subject_id


def test_nobody_of_the_staff_looks_into_a_report_about_themselves(client, cast):
    client.force_login(make_member("Lea", is_staff=True))
    lea = make_member("Lea2", is_staff=True)
    line = make_message(cast.room, lea, "Mine.")
    with processing("report"):
        made = operations.report(by=None, said=operations.Reported(cast.room, "hate", "She.", message=line), at=NOW)
    assert client.get(url("staff_case", made.number)).status_code == 200
    client.force_login(lea)
    assert client.get(url("staff_case", made.number)).status_code == 404


def test_a_wall_that_refreshes_itself_is_no_sign_of_life(client, cast, sam):
    client.post(url("staff_duty"))
    Shift.objects.update(seen_at=NOW - timedelta(minutes=5))
    client.get(url("staff_wall"), headers={"Sec-Fetch-Mode": "cors"})
    assert Shift.objects.get().seen_at == NOW - timedelta(minutes=5)
    client.get(url("staff_wall"), headers={"Sec-Fetch-Mode": "navigate"})
    assert Shift.objects.get().seen_at > NOW - timedelta(minutes=5)
