import json
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from vasistas.realtime import events

EXAMPLES = json.loads((Path(__file__).parent.parent / "wire" / "events.json").read_text())


@pytest.mark.parametrize(("tag", "data"), EXAMPLES, ids=[tag for tag, _ in EXAMPLES])
def test_example_reads_and_writes_the_same(tag: str, data: dict[str, object]) -> None:
    event = events.decode(tag, data)
    assert json.loads(b"{" + events.encode(event)) == {"t": tag, "d": data}


def test_every_event_has_an_example() -> None:
    assert {events.tag(events.decode(*example)) for example in EXAMPLES} == {
        kind.__struct_config__.tag for kind in get_args(events.Event.__value__)
    }


def test_event_of_another_tag_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        events.decode("chat.message.shouted", {"id": 1})
