"""The cast in front of Ada's room, each with a browser of their own that has a CSRF cookie to send."""

from dataclasses import dataclass, field

import pytest
from django.test import Client

from tests.apps.rooms.conftest import Scene
from tests.factories.accounts import make_member
from tests.factories.rooms import make_room
from vasistas.apps.accounts.models import Member
from vasistas.apps.rooms.models import Room

SCRIPT = {"HTTP_SEC_FETCH_MODE": "cors", "HTTP_ACCEPT": "*/*"}


def browser(member: Member | None = None, **options) -> Client:
    client = Client(**options)
    if member is not None:
        client.force_login(member)
    return client


@dataclass
class Town:
    room: Room
    scene: Scene
    ada: Client
    bo: Client
    max_: Client
    visitor: Client = field(default_factory=Client)


@pytest.fixture
def town(scene: Scene, db: None) -> Town:
    room = make_room()
    bo, max_ = make_member("Bo", password=None), make_member("Max", password=None)
    room.moderators.create(member=bo, at=scene.at)
    return Town(room=room, scene=scene, ada=browser(room.host.member), bo=browser(bo), max_=browser(max_))
