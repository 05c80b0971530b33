"""Each door of the chat: method, owner, other, anonymous; with and without JavaScript."""

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.chat import Cast, make_message, make_messages, make_mute
from vasistas.apps.chat import queries
from vasistas.apps.chat.models import Message, Mute, RoomSettings
from vasistas.apps.rooms import operations as rooms
from vasistas.apps.rooms import queries as room_queries

SCRIPT = {"accept": "application/json"}
XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7|add:7 }}{% now 'Y' %}",
    "javascript:alert(1)",
    "</textarea><svg onload=alert(1)>",
]


def sign_in(member: Any) -> Client:
    client = Client()
    client.force_login(member)
    return client


def door(cast: Cast, name: str, *arguments: Any) -> str:
    return reverse(f"chat:{name}", args=[cast.room.slug, *arguments])


def stored() -> list[str]:
    return [message.text for message in Message.objects.order_by("pk")]


# -- Saying ------------------------------------------------------------------------------------------------------------


def test_say_by_form_goes_back_to_the_chat_of_the_page(cast: Cast) -> None:
    client = sign_in(cast.vi)

    first = client.post(door(cast, "say"), {"text": "hello"})
    from_studio = client.post(door(cast, "say"), {"text": "again", "next": "/studio/live/"})
    from_elsewhere = client.post(door(cast, "say"), {"text": "and again", "next": "https://evil.example/"})

    assert (first.status_code, first["Location"]) == (302, f"/rooms/{cast.room.slug}/#chat")
    assert from_studio["Location"] == "/studio/live/#chat"
    assert from_elsewhere["Location"] == f"/rooms/{cast.room.slug}/#chat"
    assert stored() == ["hello", "again", "and again"]


def test_say_by_script_answers_with_the_line(cast: Cast) -> None:
    answer = sign_in(cast.vi).post(door(cast, "say"), {"text": "hello"}, headers=SCRIPT)

    assert answer.status_code == 201
    assert answer.json() == {"line": queries.recent(cast.room)[0].wire()}


def test_visitors_are_asked_to_sign_in(cast: Cast) -> None:
    page = Client().post(door(cast, "say"), {"text": "hello"})
    script = Client().post(door(cast, "say"), {"text": "hello"}, headers=SCRIPT)

    assert page.status_code == 302
    assert page["Location"].startswith(reverse("account_login"))
    assert (script.status_code, script.json()["code"]) == (401, "chat.sign_in")
    assert stored() == []


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("", 422, "chat.empty"),
        ("x" * 301, 422, "chat.too_long"),
        ("x" * 20_000, 422, "chat.not_understood"),
        ("https://spam.example/", 422, "chat.links_refused"),
        ("/fly", 422, "chat.command_not_understood"),
        ("/mute Max", 403, "chat.not_moderator"),
    ],
)
def test_a_refused_message_says_why_and_keeps_the_words(cast: Cast, text: str, status: int, code: str) -> None:
    client = sign_in(cast.vi)

    script = client.post(door(cast, "say"), {"text": text}, headers=SCRIPT)
    page = client.post(door(cast, "say"), {"text": text})

    assert (script.status_code, script.json()["code"]) == (status, code)
    assert page.status_code == status
    shown = html.unescape(page.content.decode())
    assert script.json()["message"] in shown
    assert f"data-text>{text}</textarea>" in shown
    assert stored() == []


def test_what_comes_too_fast_says_when_to_come_back(cast: Cast) -> None:
    client = sign_in(cast.vi)
    for number in range(5):
        client.post(door(cast, "say"), {"text": f"line {number}"}, headers=SCRIPT)

    answer = client.post(door(cast, "say"), {"text": "one more"}, headers=SCRIPT)

    assert (answer.status_code, answer.json()["code"]) == (429, "chat.too_fast")
    assert 1 <= int(answer["Retry-After"]) <= 10
    assert len(stored()) == 5


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_five_megabytes_are_refused_and_leave_nothing(cast: Cast, kind: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.vi)

    answer = client.post(door(cast, "say"), b"text=" + b"x" * 5_000_000, content_type=kind, headers=SCRIPT)

    assert (answer.status_code, answer.json()["code"]) == (413, "chat.body_too_large")
    assert stored() == []


def test_say_needs_the_pages_token(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.vi)

    assert client.post(door(cast, "say"), {"text": "hello"}).status_code == 403
    assert stored() == []


def test_commands_answer_with_a_notice(cast: Cast) -> None:
    client = sign_in(cast.bo)

    answer = client.post(door(cast, "say"), {"text": "/slow 10"}, headers=SCRIPT)

    assert (answer.status_code, answer.json()) == (200, {"notice": "Slow mode: 10 s between two messages."})
    assert RoomSettings.objects.get().slow_mode_s == 10
    assert stored() == []


def test_the_banned_find_no_chat(cast: Cast) -> None:
    rooms.ban(room=cast.room, member=cast.max, by=cast.ada, at=queries.timezone.now())
    client = sign_in(cast.max)

    assert client.post(door(cast, "say"), {"text": "hello"}, headers=SCRIPT).json()["code"] == "rooms.banned"
    assert client.get(door(cast, "history"), headers=SCRIPT).status_code == 403
    assert stored() == []


# -- Reading -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", XSS)
def test_hostile_words_are_shown_as_words(cast: Cast, text: str) -> None:
    make_message(cast.room, cast.max, text)

    page = sign_in(cast.ada).get(door(cast, "history")).content.decode()

    assert html.escape(text) == text or text not in page
    assert page.count(html.escape(text)) == 2  # in data-words, and in the line
    assert 'href="javascript' not in page
    assert "<svg onload" not in page
    assert "<img src=x" not in page


def test_links_are_safe_anchors(cast: Cast) -> None:
    make_message(cast.room, cast.ada, "see https://example.org/a?b=1&c=2", role="host")

    page = Client().get(door(cast, "history")).content.decode()

    assert (
        '<a href="https://example.org/a?b=1&amp;c=2" rel="noopener noreferrer nofollow ugc" target="_blank" '
        'title="https://example.org/a?b=1&amp;c=2">example.org/a?b=1&amp;c=2</a>'
    ) in page


def test_history_is_open_to_visitors_who_see_no_box(cast: Cast) -> None:
    make_message(cast.room, cast.vi)

    page = Client().get(door(cast, "history"))

    assert page.status_code == 200
    shown = page.content.decode()
    assert "Sign in to chat" in shown
    assert "<textarea" not in shown
    assert "chat__act" not in shown.replace("data-parts>", "").split("<template")[0]
    assert "kept for 30 days" in shown


def test_history_pages_back_as_page_and_as_json(cast: Cast) -> None:
    messages = make_messages(cast.room, cast.vi, 60)
    client = Client()

    latest = client.get(door(cast, "history"), headers=SCRIPT).json()
    older = client.get(door(cast, "history"), {"before": latest["lines"][0]["id"]}, headers=SCRIPT).json()
    page = client.get(door(cast, "history")).content.decode()

    assert (len(latest["lines"]), latest["has_older"]) == (50, True)
    assert ([line["id"] for line in older["lines"]], older["has_older"]) == ([row.pk for row in messages[:10]], False)
    assert f"?before={messages[10].pk}" in page


@pytest.mark.parametrize("before", ["", "x", "-1", "1" * 40, "١"])
def test_history_refuses_places_that_are_none(cast: Cast, before: str) -> None:
    answer = Client().get(door(cast, "history"), {"before": before}, headers=SCRIPT)

    assert (answer.status_code, answer.json()["code"]) == (422, "chat.not_understood")


def test_unknown_rooms_have_no_chat(db: None) -> None:
    assert Client().get("/rooms/nowhere/chat").status_code == 404


# -- Moderating --------------------------------------------------------------------------------------------------------


def acts(cast: Cast) -> dict[str, tuple[str, dict[str, Any]]]:
    message = make_message(cast.room, cast.max, "buy this")
    mute = make_mute(cast.room, cast.vi)
    return {
        "delete": (door(cast, "delete", message.pk), {}),
        "clear": (door(cast, "clear"), {"message": message.pk}),
        "mute": (door(cast, "mute"), {"message": message.pk, "minutes": "60"}),
        "unmute": (door(cast, "unmute"), {"mute": mute.pk}),
        "ban": (door(cast, "ban"), {"message": message.pk, "reason": "spam"}),
        "unban": (door(cast, "unban"), {"ref": "0" * 16}),
        "slow_mode": (door(cast, "slow_mode"), {"seconds": "30"}),
        "settings": (door(cast, "settings"), {"audience": "followers", "links_allowed": "on"}),
    }


ACTS = ["delete", "clear", "mute", "unmute", "ban", "unban", "slow_mode", "settings"]


@pytest.mark.parametrize("act", ACTS)
def test_acts_are_posts_of_the_signed_in(cast: Cast, act: str) -> None:
    address, data = acts(cast)[act]

    visitor = Client().post(address, data)

    assert visitor.status_code == 302
    assert visitor["Location"].startswith(reverse("account_login"))
    assert sign_in(cast.ada).get(address).status_code == 405


@pytest.mark.parametrize("act", ACTS)
def test_acts_are_not_for_strangers(cast: Cast, act: str) -> None:
    address, data = acts(cast)[act]

    answer = sign_in(cast.vi).post(address, data, headers=SCRIPT)

    assert answer.status_code == 403
    assert answer.json()["code"] == "chat.not_moderator"
    assert (len(queries.recent(cast.room)), Mute.objects.count(), RoomSettings.objects.count()) == (1, 1, 0)


@pytest.mark.parametrize(
    ("act", "notice"),
    [
        ("delete", "The message is removed."),
        ("clear", "The messages of Max are gone."),
        ("mute", "Max is muted for 60 min."),
        ("unmute", "Vi may speak again."),
        ("ban", "Max is banned from this room."),
        ("slow_mode", "Slow mode is changed."),
        ("settings", "The chat's settings are changed."),
    ],
)
@pytest.mark.parametrize("wants", ["page", "json"])
def test_the_host_acts(cast: Cast, act: str, notice: str, wants: str) -> None:
    address, data = acts(cast)[act]
    client = sign_in(cast.ada)

    answer = client.post(address, data, headers=SCRIPT if wants == "json" else {})

    if wants == "json":
        assert (answer.status_code, answer.json()) == (200, {"notice": notice})
    else:
        assert (answer.status_code, answer["Location"]) == (302, f"/rooms/{cast.room.slug}/#chat")
        assert notice in html.unescape(client.get(door(cast, "history")).content.decode())


def test_acts_leave_what_they_say(cast: Cast) -> None:
    client = sign_in(cast.bo)
    for act in ("mute", "unmute", "slow_mode", "settings", "ban"):
        address, data = acts(cast)[act]
        assert client.post(address, data, headers=SCRIPT).status_code == 200
        Mute.objects.filter(member=cast.vi).delete()

    found = RoomSettings.objects.get()
    assert (found.slow_mode_s, found.audience, found.links_allowed) == (30, "followers", True)
    assert Mute.objects.get().member == cast.max
    assert room_queries.is_banned(cast.max, cast.room)
    assert queries.recent(cast.room) == []


def test_bans_are_lifted_by_reference(cast: Cast) -> None:
    rooms.ban(room=cast.room, member=cast.max, by=cast.ada, at=queries.timezone.now())
    client = sign_in(cast.ada)

    lifted = client.post(door(cast, "unban"), {"ref": room_queries.ref_for(cast.max, cast.room)}, headers=SCRIPT)

    assert lifted.json() == {"notice": "Max may come back."}
    assert not room_queries.is_banned(cast.max, cast.room)


@pytest.mark.parametrize(
    ("act", "data", "field"),
    [
        ("mute", {"message": "x"}, "message"),
        ("mute", {"message": "1", "minutes": "0"}, "minutes"),
        ("slow_mode", {"seconds": "601"}, "seconds"),
        ("settings", {"audience": "friends"}, "audience"),
        ("unban", {"ref": "Max"}, "ref"),
        ("ban", {"message": "1", "reason": "x" * 201}, "reason"),
    ],
)
def test_forms_nobody_sends_say_which_field(cast: Cast, act: str, data: dict[str, str], field: str) -> None:
    answer = sign_in(cast.ada).post(door(cast, act), data, headers=SCRIPT)

    assert (answer.status_code, answer.json()["code"]) == (422, "chat.not_understood")
    assert list(answer.json()["fields"]) == [field]


def test_the_moderation_page_is_the_menu_without_javascript(cast: Cast) -> None:
    message = make_message(cast.room, cast.max, "buy this")
    own = make_message(cast.room, cast.vi, "oops")
    address = door(cast, "moderate", message.pk)

    host = sign_in(cast.ada).get(address, {"next": "/studio/live/"}).content.decode()
    staff = sign_in(cast.sam).get(address).content.decode()
    author = sign_in(cast.vi).get(door(cast, "moderate", own.pk)).content.decode()

    assert f'formaction="{door(cast, "ban")}"' in host
    assert 'name="next" value="/studio/live/#chat"' in host
    assert f'formaction="{door(cast, "ban")}"' not in staff
    assert 'name="reason" maxlength="200" required' in staff
    assert f'formaction="{door(cast, "mute")}"' not in author
    assert sign_in(cast.vi).get(address).status_code == 403
    assert Client().get(address).status_code == 302


def test_staff_give_a_reason(cast: Cast) -> None:
    message = make_message(cast.room, cast.max, "buy this")
    client = sign_in(cast.sam)

    without = client.post(door(cast, "delete", message.pk), headers=SCRIPT)
    given = client.post(door(cast, "delete", message.pk), {"reason": "report 12"}, headers=SCRIPT)

    assert (without.status_code, without.json()["code"]) == (422, "chat.reason_missing")
    assert given.status_code == 200


def test_the_tools_come_as_a_fragment_to_those_who_have_them(cast: Cast) -> None:
    make_mute(cast.room, cast.vi)

    host = sign_in(cast.ada).get(door(cast, "desk"))

    assert "<html" not in host.content.decode()
    assert "Unmute Vi" in host.content.decode()
    assert f'action="{reverse("rooms:moderators", args=[cast.room.slug])}"' in host.content.decode()
    assert sign_in(cast.max).get(door(cast, "desk")).status_code == 403
    assert Client().get(door(cast, "desk")).status_code == 302
