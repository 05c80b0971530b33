"""What open pages are told: for every operation, the snapshot before and its events give the snapshot after."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.factories.chat import NOW, Cast, after, make_message
from vasistas.apps.chat import operations, queries
from vasistas.apps.chat.models import Message
from vasistas.apps.chat.operations import MessageRefused
from vasistas.realtime import events as wire
from vasistas.realtime import testing

EXAMPLES = json.loads((Path(__file__).parents[2] / "wire" / "chat_events.json").read_text())


def say(cast: Cast, text: str, **over: Any) -> Message:
    return operations.say(**{"room": cast.room, "author": cast.vi, "text": text, "at": NOW, **over})


def explain(snapshot: dict[str, Any], events: list[wire.Event]) -> dict[str, Any]:
    """Do to a snapshot what a page does with events; chat-lines.js and this agree on tests/wire/chat_events.json."""
    lines, slow_mode_s = list(snapshot["lines"]), snapshot["slow_mode_s"]
    for event in events:
        match event:
            case wire.Said():
                lines.append({name: getattr(event, name) for name in event.__struct_fields__})
            case wire.MessageDeleted(id=gone):
                lines = [line for line in lines if line["id"] != gone]
            case wire.AuthorCleared(author_ref=ref):
                lines = [line for line in lines if line["author_ref"] != ref]
            case wire.SlowModeChanged(seconds=seconds):
                slow_mode_s = seconds
    return {**snapshot, "lines": lines, "slow_mode_s": slow_mode_s}


def refused_say(cast: Cast) -> None:
    with pytest.raises(MessageRefused):
        say(cast, "")


ACTS = {
    "say": lambda cast: say(cast, "new <words>"),
    "say as host": lambda cast: say(cast, "https://example.org", author=cast.ada),
    "delete": lambda cast: operations.delete(message=Message.objects.earliest("pk"), by=cast.ada, at=NOW),
    "clear": lambda cast: operations.clear_author(room=cast.room, author=cast.max, by=cast.bo, at=NOW),
    "ban": lambda cast: operations.ban(room=cast.room, member=cast.max, by=cast.bo, at=NOW),
    "slow": lambda cast: operations.set_slow_mode(room=cast.room, by=cast.bo, seconds=30, at=NOW),
    "mute": lambda cast: operations.mute(room=cast.room, member=cast.max, by=cast.bo, at=NOW, minutes=10),
    "refused": refused_say,
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_events_explain_the_snapshot(cast: Cast, act: Any, django_capture_on_commit_callbacks: Any) -> None:
    for author in (cast.max, cast.vi, cast.max):
        make_message(cast.room, author)
    before = queries.snapshot(cast.room, cast.ada, after(60))

    with testing.captured() as published, django_capture_on_commit_callbacks(execute=True):
        act(cast)

    on_room = [event for channel, event in published if channel == f"room:{cast.room.pk}"]
    assert explain(before, on_room) == queries.snapshot(cast.room, cast.ada, after(60))


@pytest.mark.parametrize("example", EXAMPLES)
def test_events_explain_as_the_wire_examples_say(example: dict[str, Any]) -> None:
    snapshot = {"lines": example["before"], "slow_mode_s": 0}
    told = [wire.decode(tag, data) for tag, data in example["events"]]

    assert explain(snapshot, told)["lines"] == example["after"]


def test_only_the_muted_member_is_told(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    with testing.captured() as published, django_capture_on_commit_callbacks(execute=True):
        operations.mute(room=cast.room, member=cast.vi, by=cast.bo, at=NOW, minutes=10)
        operations.unmute(room=cast.room, member=cast.vi, by=cast.bo, at=after(1))
        operations.unmute(room=cast.room, member=cast.vi, by=cast.bo, at=after(2))

    assert published == [
        (f"member:{cast.vi.pk}", wire.MemberMuted(cast.room.pk, after(600).timestamp())),
        (f"member:{cast.vi.pk}", wire.MemberMuted(cast.room.pk, after(1).timestamp())),
    ]


def test_what_changes_nothing_tells_nothing(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    message = make_message(cast.room, cast.max)
    operations.delete(message=message, by=cast.ada, at=NOW)

    with testing.captured() as published, django_capture_on_commit_callbacks(execute=True):
        operations.delete(message=message, by=cast.ada, at=NOW)
        operations.set_slow_mode(room=cast.room, by=cast.ada, seconds=0, at=NOW)

    assert published == []
