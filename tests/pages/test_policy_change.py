"""Everyone is told of a change of the policy, once, whatever happens meanwhile: mails go to a real SMTP server."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from tests.factories.accounts import make_member
from tests.factories.policy import NOTICE, release
from tests.factories.smtp import MailServer, mail_server
from vasistas.apps.accounts import outbox
from vasistas.apps.privacy import operations as privacy
from vasistas.apps.privacy.models import NOTICE_LEASE, NOTICE_PAUSE, NOTICE_TRIES_MAX, PolicyNotice, Subject
from vasistas.guard.egress import queries as transfers
from vasistas.guard.policy import get_policy
from vasistas.guard.subjects import SubjectGone
from vasistas.pages import policy_change

pytestmark = pytest.mark.django_db


@pytest.fixture
def smtp(settings: Any) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.MAILERS = {"default": outbox.mailer(f"smtp://127.0.0.1:{server.port}?tls=none")}
        yield server


def lengthen_chat(folder: Path) -> None:
    file = folder / "policy.toml"
    text = file.read_text()
    for before, after in (
        ('Message.said_at"\ndays_max = 30', 'Message.said_at"\ndays_max = 60'),
        ("30 days after it was said", "60 days after it was said"),
        ("30 jours après l’envoi", "60 jours après l’envoi"),
    ):
        assert before in text
        text = text.replace(before, after)
    file.write_text(text)


@pytest.fixture
def widened(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Version 1 is in force; version 2 keeps the chat for 60 days, from NOTICE on."""
    folder = tmp_path / "policy"
    shutil.copytree(settings.POLICY, folder, ignore=shutil.ignore_patterns("versions"))
    settings.POLICY, settings.POLICY_IN_FORCE = folder, "released"
    file = folder / "policy.toml"
    today = timezone.now().date()
    lines = [f"effective = {today}" if one.startswith("effective =") else one for one in file.read_text().split("\n")]
    file.write_text("\n".join(lines))
    release(folder, today=today)
    lengthen_chat(folder)
    release(folder, today=today, effective=today + NOTICE)
    get_policy.cache_clear()
    yield folder
    get_policy.cache_clear()


def people(count: int) -> list[str]:
    return [make_member(f"Person{number}", password=None).email for number in range(count)]


def test_each_member_gets_one_mail_that_says_what_changes(smtp: MailServer, widened: Path):
    vi = make_member("Vi")

    assert policy_change.tell_members(timezone.now()) == policy_change.Told(sent=1)
    assert policy_change.tell_members(timezone.now()) == policy_change.Told()

    ((recipient, mail),) = smtp.taken
    plain, html = (mail.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    day = (timezone.now().date() + NOTICE).strftime("%-d %B %Y")
    assert recipient == "vi@example.org"
    assert mail["Subject"] == "Our terms for your data are changing"
    assert "Vi" not in str(mail["Subject"]) + str(mail["To"]).partition("@")[2]
    for body in (plain.get_content(), html.get_content()):
        assert day in body
        assert "Period: 60 days after it was said" in body
        assert "/privacy/versions/2/diff/" in body
    notice = PolicyNotice.objects.get()
    assert (notice.subject_id, notice.version, notice.via) == (vi.subject_id, 2, "mail")
    assert notice.told_at is not None
    (given,) = transfers.transfers_of(vi.subject_id)
    assert (given.recipient, given.purpose, given.count) == ("mail", "notices", 1)


def test_suspended_and_restricted_members_are_told_and_others_not(smtp: MailServer, widened: Path):
    make_member("Max", is_active=False)
    bo = make_member("Bo")
    Subject.objects.filter(pk=bo.subject_id).update(state=Subject.State.RESTRICTED)
    make_member("Stu", verified=False)  # a stranger may own this address
    ada = make_member("Ada")
    Subject.objects.filter(pk=ada.subject_id).update(state=Subject.State.ERASING)
    late = make_member("Late")
    type(late).objects.filter(pk=late.pk).update(date_joined=timezone.now() + NOTICE)

    policy_change.tell_members(timezone.now())

    assert smtp.recipients == ["max@example.org", "bo@example.org"]


def test_who_is_erased_between_the_list_and_their_turn_gets_none(smtp: MailServer, widened: Path):
    make_member("Vi")
    ada = make_member("Ada")
    claim = privacy.claim_notice(subject_id=ada.subject_id, version=2, at=timezone.now())
    Subject.objects.filter(pk=ada.subject_id).update(state=Subject.State.ERASED)

    policy_change.tell_members(timezone.now() + NOTICE_LEASE)

    assert claim is not None
    assert smtp.recipients == ["vi@example.org"]
    with pytest.raises(SubjectGone):
        privacy.claim_notice(subject_id=ada.subject_id, version=2, at=timezone.now() + NOTICE_LEASE)


def test_mails_go_out_in_bounded_runs(smtp: MailServer, widened: Path, monkeypatch: Any):
    monkeypatch.setattr(policy_change, "MAILS_AT_ONCE", 2)
    expected = people(5)

    runs = [policy_change.tell_members(timezone.now()).sent for _ in range(4)]

    assert runs == [2, 2, 1, 0]
    assert smtp.recipients == expected


def test_a_mail_that_is_on_its_way_is_nobody_elses_until_its_lease_ends(smtp: MailServer, widened: Path):
    vi, now = make_member("Vi"), timezone.now()
    mine = privacy.claim_notice(subject_id=vi.subject_id, version=2, at=now)

    assert mine is not None
    assert privacy.claim_notice(subject_id=vi.subject_id, version=2, at=now) is None
    assert policy_change.tell_members(now).sent == 0
    assert policy_change.tell_members(now + NOTICE_LEASE).sent == 1


def test_without_a_mail_server_everyone_waits_and_is_told_later(smtp: MailServer, widened: Path, settings: Any):
    expected, there = people(3), settings.MAILERS
    settings.MAILERS = {"default": outbox.mailer("smtp://127.0.0.1:1?tls=none")}
    assert policy_change.tell_members(timezone.now()) == policy_change.Told()

    settings.MAILERS = there
    policy_change.tell_members(timezone.now())

    assert smtp.recipients == expected


def test_an_address_that_takes_no_mail_is_tried_a_few_times_and_named_nowhere(
    smtp: MailServer, widened: Path, caplog: Any
):
    people(2)
    smtp.before_yes = lambda recipient: b"550 no\r\n" if recipient.startswith("person0") else None
    now, runs = timezone.now(), []

    with time_machine.travel(now, tick=False) as clock:
        for _ in range(NOTICE_TRIES_MAX + 2):
            runs.append(policy_change.tell_members(timezone.now()))
            clock.shift(NOTICE_PAUSE)

    assert [one.refused for one in runs] == [1] * NOTICE_TRIES_MAX + [0, 0]
    assert smtp.recipients == ["person1@example.org"]
    assert "person0" not in "".join(str(record.__dict__) for record in caplog.records)


def test_a_server_that_refuses_everyone_is_left_alone(smtp: MailServer, widened: Path):
    people(policy_change.REFUSED_IN_A_ROW_MAX + 3)
    smtp.before_yes = lambda _recipient: b"451 later\r\n"

    assert policy_change.tell_members(timezone.now()).refused == policy_change.REFUSED_IN_A_ROW_MAX


def test_a_repeat_has_the_message_id_of_the_first(smtp: MailServer, widened: Path):
    make_member("Vi")
    policy_change.tell_members(timezone.now())
    PolicyNotice.objects.update(told_at=None, lease_until=timezone.now())

    policy_change.tell_members(timezone.now())

    first, second = (mail["Message-ID"] for _recipient, mail in smtp.taken)
    assert first == second


def test_a_version_in_force_is_announced_no_more(smtp: MailServer, widened: Path):
    make_member("Vi")
    with time_machine.travel(timezone.now() + NOTICE, tick=False):
        assert get_policy().version == 2
        assert policy_change.tell_members(timezone.now()) == policy_change.Told()


# -- Killed in the midst -----------------------------------------------------------------------------------------------

KILLED_AT = 3  # the mail during which the process dies
MEMBERS = 6


def run_apart(environment: dict[str, str], code: str) -> subprocess.Popen[bytes]:
    """A process of its own on the site of this test, as the worker is one."""
    head = "import django\ndjango.setup()\nfrom django.utils import timezone\n"
    return subprocess.Popen([sys.executable, "-c", head + code], env={**os.environ, **environment})


def test_mailing_that_is_killed_goes_on_where_it_was(tmp_path: Path, widened: Path):
    """SIGKILL while the server holds a mail and has not said yes: the next runs tell the others, and this one."""
    with mail_server() as smtp:
        environment = {
            "DJANGO_SETTINGS_MODULE": "vasistas.config.settings",
            "VASISTAS_DATA": str(tmp_path / "site"),
            "VASISTAS_POLICY": str(widened),
            "VASISTAS_SMTP_URL": f"smtp://127.0.0.1:{smtp.port}?tls=none",
        }
        assert run_apart(environment, PREPARE).wait(60) == 0
        dead, count = threading.Event(), 0

        def kill(_recipient: str) -> bytes | None:
            nonlocal count
            count += 1
            if count != KILLED_AT + 1:
                return None
            os.kill(first.pid, signal.SIGKILL)
            first.wait(30)
            dead.set()
            return b"421 you are dead\r\n"

        smtp.before_yes = kill
        first = run_apart(environment, TELL.format(later=0))
        first.wait(60)
        assert dead.wait(30)
        assert first.returncode == -signal.SIGKILL
        before = list(smtp.recipients)
        assert run_apart(environment, TELL.format(later=0)).wait(60) == 0
        others = list(smtp.recipients)
        assert run_apart(environment, TELL.format(later=NOTICE_LEASE.total_seconds() + 60)).wait(60) == 0

    assert (len(before), len(others)) == (KILLED_AT, MEMBERS - 1)
    assert sorted(smtp.recipients) == sorted(set(smtp.recipients))
    assert len(smtp.recipients) == MEMBERS
    assert len({mail["Message-ID"] for _recipient, mail in smtp.taken}) == MEMBERS


PREPARE = f"""
from vasistas.config.commands import prove
prove.migrate()
from vasistas.guard.purposes import processing
from vasistas.proof import scene
with processing("maintain", reason="a test"):
    for number in range({MEMBERS}):
        scene.arrive(f"Person{{number}}")
"""
TELL = """
from datetime import timedelta
from vasistas.pages import policy_change
policy_change.tell_members(timezone.now() + timedelta(seconds={later}))
"""
