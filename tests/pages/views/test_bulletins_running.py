"""The staff's desk while a bulletin goes out and afterwards: pause, go on, cancel, see how far it is."""

import pytest
from django.utils import timezone

from tests.factories.bulletins import make_contact
from tests.pages.test_every_page import faults_of
from tests.pages.views.test_bulletins import DESK, act, in_state, readers, sam, state_of, write
from vasistas.apps.bulletins.models import Campaign, Send

__all__ = ["readers", "sam"]  # fixtures

pytestmark = pytest.mark.django_db


def test_pausing_going_on_and_cancelling(sam, readers):
    campaign = in_state(sam, "sending")
    waiting = put_in_line(campaign, readers)

    act(sam, campaign, "pause")
    assert state_of(campaign) == "paused"
    act(sam, campaign, "resume")
    assert state_of(campaign) == "sending"
    Send.objects.filter(pk=waiting[0].pk).update(state=Send.State.HANDED)
    act(sam, campaign, "cancel")

    assert state_of(campaign) == "cancelled"
    states = list(Send.objects.order_by("pk").values_list("state", "because"))
    assert states == [("handed", ""), ("cancelled", "stopped"), ("cancelled", "stopped")]
    shown = sam.get(f"{DESK}{campaign.pk}/")
    assert faults_of(shown.text) == []
    progress = shown.context["progress"]
    assert (progress.selected, progress.finished, progress.handed) == (3, 3, 1)
    assert progress.cancelled == (("the campaign was cancelled", 2),)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("draft", "pause"),
        ("draft", "resume"),
        ("done", "start"),
        ("done", "cancel"),
        ("cancelled", "resume"),
        ("sending", "unschedule"),
        ("sending", "start"),
        ("paused", "pause"),
    ],
)
def test_what_is_not_the_time_is_refused_in_words(sam, readers, state, kind):
    campaign = in_state(sam, state)

    answer = act(sam, campaign, kind, counted=3)

    assert "by now. Look at it again" in answer.text
    assert state_of(campaign) == state


def test_progress_moves_only_while_something_does(sam, readers):
    campaign = in_state(sam, "sending")
    put_in_line(campaign, readers)

    moving = sam.get(f"{DESK}{campaign.pk}/").text
    Campaign.objects.filter(pk=campaign.pk).update(state="done")
    resting = sam.get(f"{DESK}{campaign.pk}/").text

    assert 'data-after-s="2"' in moving
    assert 'max="3" value="0"' in moving
    assert "data-after-s" not in resting


def test_results_outlive_the_sends(sam):
    campaign = in_state(sam, "done")
    Campaign.objects.filter(pk=campaign.pk).update(selected=9, handed=7, bounced=1, objected=2)

    progress = sam.get(f"{DESK}{campaign.pk}/").context["progress"]

    assert (progress.selected, progress.finished, progress.handed, progress.bounced) == (9, 9, 7, 1)
    assert progress.cancelled == (("objected", 2),)


def test_unknown_acts_and_bulletins_are_no_pages(sam):
    campaign = write(sam)

    assert sam.post(f"{DESK}{campaign.pk}/act/", {"act": "explode"}).status_code == 404
    assert sam.post(f"{DESK}987654321/act/", {"act": "pause"}).status_code == 404
    assert sam.get(f"{DESK}987654321/").status_code == 404


def test_the_list_and_each_state_are_whole_pages(sam, readers):
    assert "None yet." in sam.get(DESK).text
    for state in Campaign.State:
        campaign = in_state(sam, state)
        assert faults_of(sam.get(f"{DESK}{campaign.pk}/").text) == []
    shown = sam.get(DESK)
    assert faults_of(shown.text) == []
    assert [one["row"].state for one in shown.context["rows"]] == list(Campaign.State)[::-1]


def put_in_line(campaign, members):
    now = timezone.now()
    sends = [
        Send(campaign=campaign, contact=make_contact(one), subject_id=one.subject_id, not_before=now, made_at=now)
        for one in members
    ]
    Campaign.objects.filter(pk=campaign.pk).update(selected=len(sends))
    return Send.objects.bulk_create(sends)


def test_what_is_unclear_is_named_and_sent_once_more_by_decision(sam, readers):
    campaign = in_state(sam, "done")
    sends = put_in_line(campaign, readers)
    Send.objects.update(state=Send.State.HANDED)
    Send.objects.filter(pk=sends[1].pk).update(state=Send.State.UNCLEAR)

    assert "Of 1 message nobody knows whether it left" in sam.get(f"{DESK}{campaign.pk}/").text
    assert "1 message goes out once more." in act(sam, campaign, "unclear").text

    assert Send.objects.get(pk=sends[1].pk).state == Send.State.QUEUED
