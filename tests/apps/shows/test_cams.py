"""Cam to cam: the payer shows, the host sees, nobody else does either."""

import pytest
from django.test import Client
from django.utils import timezone

from tests.apps.shows.conftest import OFFER, Scene
from vasistas.apps.accounts.models import Member
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows.models import Show

SDP = "application/sdp"


@pytest.fixture
def show(scene: Scene) -> Show:
    scene.at = timezone.now()
    return scene.start()


def post(client: Client, show: Show, act: str, member: Member | None):
    client.logout()
    if member is not None:
        client.force_login(member)
    return client.post(
        f"/shows/{show.key}/cam/{act}", OFFER, content_type=SDP, headers={"sec-fetch-site": "same-origin"}
    )


def test_the_payer_shows_and_the_host_alone_sees(client: Client, scene: Scene, show: Show) -> None:
    assert post(client, show, "whep", scene.ada).status_code == 404  # there is no picture yet
    answer = post(client, show, "whip", scene.vi)
    assert answer.status_code == 201
    seen = post(client, show, "whep", scene.ada)
    assert seen.status_code == 201
    for member, status in ((scene.vi, 404), (scene.max, 404), (scene.bo, 404), (None, 401)):
        assert post(client, show, "whep", member).status_code == status
    for member, status in ((scene.ada, 404), (scene.max, 404), (None, 401)):
        assert post(client, show, "whip", member).status_code == status


def test_a_spy_neither_shows_nor_sees(client: Client, scene: Scene, show: Show) -> None:
    shows.spy(show=show, viewer=scene.max, minutes=1, at=scene.at)
    assert post(client, show, "whip", scene.vi).status_code == 201
    assert [post(client, show, act, scene.max).status_code for act in ("whip", "whep")] == [404, 404]


def test_each_ends_their_own_session_and_the_end_ends_both(client: Client, scene: Scene, show: Show) -> None:
    cam = post(client, show, "whip", scene.vi)["Location"]
    view = post(client, show, "whep", scene.ada)["Location"]
    assert client.delete(cam).status_code == 200  # Ada is signed in: Vi's is not hers to end
    assert scene.is_watching(cam.rpartition("/")[2])
    assert client.delete(view).status_code == 200
    assert not scene.is_watching(view.rpartition("/")[2])
    shows.end(show=show, by=scene.ada, at=scene.at)
    assert not scene.is_watching(cam.rpartition("/")[2])
    assert post(client, show, "whip", scene.vi).status_code == 404


def test_no_cam_where_it_was_not_agreed(client: Client, scene: Scene, show: Show) -> None:
    Show.objects.update(allows_cam=False)
    assert post(client, show, "whip", scene.vi).status_code == 404


def test_a_foreign_session_is_not_ended(client: Client, scene: Scene, show: Show) -> None:
    client.force_login(scene.ada)
    assert client.delete(f"/shows/{show.key}/cam/{scene.watching[scene.vi.pk]}").status_code == 200
    assert scene.is_watching(scene.watching[scene.vi.pk])
