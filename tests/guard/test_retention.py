"""What has reached the age the policy gives it goes, in batches, and nothing else does."""

import os
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailConfirmation
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import connection  # noqa: F401 — named in a condition

from tests.factories.accounts import make_member
from tests.factories.chat import NOW, make_cast, make_message, make_mute
from tests.factories.policy import release
from tests.factories.rooms import make_room, make_watch_session
from tests.pages.test_policy_change import lengthen_chat
from vasistas.apps.chat.models import Message, Mute
from vasistas.apps.rooms.models import Ban, WatchSession
from vasistas.guard import retention
from vasistas.guard.policy import get_policy
from vasistas.guard.precedence import Hold, Standing

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


def gone(swept: list[retention.Swept]) -> dict[tuple[str, str], int]:
    return {(one.rule, one.model): one.gone for one in swept if one.gone}


def test_sweep_deletes_by_every_rule_what_has_reached_its_age_and_nothing_younger():
    cast, a_day = make_cast(), timedelta(days=1)
    for at, text in ((NOW - MONTH, "old"), (NOW - MONTH - a_day, "older"), (NOW - MONTH + a_day, "young")):
        make_message(cast.room, cast.vi, text, said_at=at)
    make_mute(cast.room, cast.vi, at=NOW - MONTH - a_day)
    make_mute(cast.room, cast.max, at=NOW - MONTH)
    Ban.objects.create(room=cast.room, member=cast.max, at=NOW, until=NOW - timedelta(days=31))
    Ban.objects.create(room=cast.room, member=cast.vi, at=NOW, until=None)
    make_watch_session(cast.room, started_at=NOW - timedelta(days=31))
    make_watch_session(cast.room, started_at=NOW - timedelta(days=29))
    for days in (364, 366):
        LogEntry.objects.create(
            user=cast.ada, action_flag=2, object_repr=f"{days}", action_time=NOW - timedelta(days=days)
        )
    for days in (2, 4):
        sent, address = NOW - timedelta(days=days), cast.vi.emailaddress_set.get()
        EmailConfirmation.objects.create(email_address=address, key=f"{days}", created=sent, sent=sent)
    for key, days in (("seen", 29), ("unseen", 31)):
        session = UserSession.objects.create(user=cast.vi, session_key=key, ip="192.0.2.1", user_agent="x")
        UserSession.objects.filter(pk=session.pk).update(last_seen_at=NOW - timedelta(days=days))
    counted = gone(retention.due_now(NOW))

    swept = gone(retention.sweep(NOW))

    assert swept == counted
    assert swept == {
        ("room_chat", "chat.Message"): 2,
        ("restriction", "chat.Mute"): 1,
        ("restriction", "rooms.Ban"): 1,
        ("viewing", "rooms.WatchSession"): 1,
        ("staff_journal", "admin.LogEntry"): 1,
        ("confirmation", "account.EmailConfirmation"): 1,
        ("session_address", "usersessions.UserSession"): 1,
    }
    assert [message.text for message in Message.objects.all()] == ["young"]
    assert (Mute.objects.count(), Ban.objects.count(), WatchSession.objects.count()) == (1, 1, 1)
    assert LogEntry.objects.get().object_repr == "364"
    assert UserSession.objects.get().session_key == "seen"
    assert gone(retention.sweep(NOW)) == {}


def test_a_shorter_period_in_the_policy_shortens_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    cast = make_cast()
    for days in (6, 8, 29):
        make_message(cast.room, cast.vi, f"{days}", said_at=NOW - timedelta(days=days))
    folder = tmp_path / "policy"
    shutil.copytree(settings.POLICY, folder, ignore=shutil.ignore_patterns("versions"))
    text = (folder / "policy.toml").read_text()
    before, rule, after = text.partition("[retention.room_chat]")
    rule_end = after.index("\n[")
    shorter = after[:rule_end].replace("30 days", "7 days").replace("30 jours", "7 jours").replace("= 30", "= 7")
    (folder / "policy.toml").write_text(before + rule + shorter + after[rule_end:])

    assert gone(retention.due_now(NOW)) == {}
    monkeypatch.setattr(settings, "POLICY", folder)
    get_policy.cache_clear()
    try:
        swept = gone(retention.sweep(NOW))
    finally:
        monkeypatch.undo()
        get_policy.cache_clear()

    assert swept == {("room_chat", "chat.Message"): 2}
    assert [message.text for message in Message.objects.all()] == ["6"]


def test_an_interrupted_sweep_keeps_what_it_did_and_goes_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    room = make_room()
    for _ in range(5):
        make_watch_session(room, started_at=NOW - timedelta(days=40))
    told = []

    def die(swept: retention.Swept) -> None:
        told.append(swept.gone)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retention.sweep(NOW, tell=die)
    assert (told, WatchSession.objects.count()) == ([2], 3)

    retention.sweep(NOW, tell=lambda swept: told.append(swept.gone))
    assert (told, WatchSession.objects.count()) == ([2, 2, 3], 0)


def test_what_a_hold_covers_stays_until_a_copy_can_be_taken_and_its_neighbours_go(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    cast = make_cast()
    for days in (36, 35, 34, 33, 32, 31):
        make_message(cast.room, cast.vi, f"{days}", said_at=NOW - timedelta(days=days))
    hold = Hold(
        key="case-1",
        owner="Lea",
        categories=frozenset({"user.content.chat.public"}),
        since=NOW - timedelta(days=35, hours=1),
        until=NOW - timedelta(days=33, hours=-1),
        placed_at=NOW,
        expires_at=NOW + MONTH,
    )

    monkeypatch.setattr(retention, "holds_in_force", lambda _now: Standing().hold(hold))
    counted = retention.due_now(NOW)
    swept = {one.model: one for one in retention.sweep(NOW)}

    assert (swept["chat.Message"].gone, swept["chat.Message"].held) == (3, 3)
    assert {one.model: one for one in counted} == swept
    assert sorted(message.text for message in Message.objects.all()) == ["33", "34", "35"]
    monkeypatch.setattr(retention, "holds_in_force", lambda _now: Standing().hold(hold).release("case-1"))
    retention.sweep(NOW)
    assert not Message.objects.exists()


def test_every_rule_in_days_is_swept_here_or_apart():
    in_days = {key for key, rule in get_policy().retention.items() if rule.days_max is not None}

    assert {one.rule.key for one in retention.timed_rules()} | set(retention.SWEPT_APART) == in_days
    assert make_member("Vi")  # whoever is young stays
    assert gone(retention.due_now(NOW)) == {}


SWEEP = """
import sys, django; django.setup()
from datetime import datetime, timedelta
from django.utils import timezone
from vasistas.apps.rooms.models import WatchSession
from vasistas.config.commands import prove
from vasistas.guard import retention
from vasistas.guard.purposes import processing
retention.BATCH_ROWS = 10
if sys.argv[1] == "fill":
    from vasistas.proof import scene
    prove.migrate()
    with processing("maintain", reason="a test"):
        room = scene._furnish(timezone.now()).room
        old = timezone.now() - timedelta(days=40)
        row = lambda number: WatchSession(room=room, session=f"{number:032x}", started_at=old, delivered_s=60)
        WatchSession.objects.bulk_create(map(row, range(100)))
if sys.argv[1] == "sweep":
    def tell(swept):
        print(swept.gone, flush=True)
        sys.stdin.readline()
    with processing("retention"):
        retention.sweep(timezone.now(), tell=tell)
with processing("maintain", reason="a test"):
    print("left", WatchSession.objects.count())
"""


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a folder of its own; killing is the same on both")
def test_a_sweep_that_is_killed_has_done_whole_batches_and_the_next_one_does_the_rest(tmp_path: Path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}
    env = {**kept, "VASISTAS_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "vasistas.config.settings"}

    def done(act: str) -> str:
        line = [sys.executable, "-c", SWEEP, act]
        return subprocess.run(line, env=env, input="", capture_output=True, text=True, check=True).stdout

    assert done("fill").split()[-2:] == ["left", "101"]  # and a young one
    with subprocess.Popen(
        [sys.executable, "-c", SWEEP, "sweep"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sweeping:
        assert sweeping.stdin is not None
        assert sweeping.stdout is not None
        assert sweeping.stdout.readline() == "10\n"
        sweeping.stdin.write("\n")
        sweeping.stdin.flush()
        assert sweeping.stdout.readline() == "20\n"  # and waits before the third batch
        sweeping.kill()

    assert done("look") == "left 81\n"
    assert done("sweep").split()[-2:] == ["left", "1"]


def test_a_longer_period_spares_the_rows_that_were_there(settings: Any, tmp_path: Path):
    """Version 2 keeps chat for 60 days from 10 days before NOW on: what was said earlier goes after 30."""
    folder, a_day = tmp_path / "policy", timedelta(days=1)
    shutil.copytree(settings.POLICY, folder, ignore=shutil.ignore_patterns("versions"))
    settings.POLICY, settings.POLICY_IN_FORCE = folder, "released"
    file = folder / "policy.toml"
    file.write_text(re.sub(r"(?m)^effective = .*$", "effective = 2020-01-01", file.read_text(), count=1))
    release(folder, today=date(2020, 1, 1))
    lengthen_chat(folder)
    release(folder, today=(NOW - 50 * a_day).date(), effective=(NOW - 10 * a_day).date())
    get_policy.cache_clear()
    cast = make_cast()
    for days in (5, 12, 29, 31):
        make_message(cast.room, cast.vi, f"{days} days", said_at=NOW - days * a_day)
    try:
        with time_machine.travel(NOW, tick=False):
            assert get_policy().retention["room_chat"].days_max == 60
            retention.sweep(NOW)
            assert sorted(line.text for line in Message.objects.all()) == ["12 days", "29 days", "5 days"]
        with time_machine.travel(NOW + 30 * a_day, tick=False):
            retention.sweep(NOW + 30 * a_day)
            assert [line.text for line in Message.objects.all()] == ["5 days"]
        with time_machine.travel(NOW + 56 * a_day, tick=False):
            retention.sweep(NOW + 56 * a_day)
            assert not Message.objects.exists()
    finally:
        get_policy.cache_clear()
