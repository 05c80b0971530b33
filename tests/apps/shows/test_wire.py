"""Who is told what: each on a channel of their own, and nobody more than they may know."""

from tests.apps.shows.conftest import Scene
from tests.factories.shows import ask
from vasistas.apps.shows import operations as shows
from vasistas.realtime import events as wire
from vasistas.realtime import testing


def test_each_is_told_on_their_own_channel(scene: Scene, django_capture_on_commit_callbacks) -> None:
    vi, ada, room = f"member:{scene.vi.pk}", f"member:{scene.ada.pk}", f"room:{scene.room.pk}"
    studio = f"studio:{scene.room.pk}"

    def told(act) -> set[tuple[str, str]]:
        with testing.captured() as captured, django_capture_on_commit_callbacks(execute=True):
            act()
        return {(channel, wire.tag(event)) for channel, event in captured if wire.tag(event).startswith("shows.")}

    asked = []
    assert told(lambda: asked.append(ask(scene.room, scene.vi, scene.at))) == {(studio, "shows.requested")}
    show = asked[0]
    begun = told(lambda: shows.accept(show=show, host=scene.ada, at=scene.at))
    assert begun == {(channel, "shows.started") for channel in (vi, ada, studio, room)} | {(studio, "shows.requested")}
    scene.follow()
    scene.watch(scene.vi)
    assert told(lambda: scene.run(1)) == {(vi, "shows.ticked"), (studio, "shows.ticked")}
    assert told(lambda: scene.run(1, to=())) == set()
    spied = told(lambda: shows.spy(show=show, viewer=scene.max, minutes=1, at=scene.at))
    assert spied == {(channel, "shows.presence.changed") for channel in (vi, ada, studio, f"member:{scene.max.pk}")}
    over = told(lambda: shows.end(show=show, by=scene.vi, at=scene.at))
    assert over == {(channel, "shows.ended") for channel in (vi, ada, studio, room, f"member:{scene.max.pk}")}


def test_the_room_is_not_told_why(scene: Scene, django_capture_on_commit_callbacks) -> None:
    show = scene.start()
    with testing.captured() as captured, django_capture_on_commit_callbacks(execute=True):
        shows.end(show=show, by=scene.vi, at=scene.at)
    ends = [(channel, event.reason) for channel, event in captured if isinstance(event, wire.ShowEnded)]
    assert {reason for channel, reason in ends if channel.startswith("room:")} == {""}
    assert {reason for channel, reason in ends if channel.startswith("member:")} == {"viewer"}


def test_a_request_nobody_answered_is_told_to_its_two_sides_alone(
    scene: Scene, django_capture_on_commit_callbacks
) -> None:
    show = ask(scene.room, scene.vi, scene.at)
    with testing.captured() as captured, django_capture_on_commit_callbacks(execute=True):
        shows.decline(show=show, host=scene.ada, at=scene.at)
    assert {channel for channel, _ in captured} == {f"member:{scene.vi.pk}", f"studio:{scene.room.pk}"}
