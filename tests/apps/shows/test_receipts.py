"""Receipts: true to the ledger, about nobody by name, and broken by a changed digit."""

import base64
import json
import re
import subprocess
import sys

import pytest

from tests.apps.shows.conftest import Scene
from vasistas.apps.shows import operations as shows
from vasistas.apps.shows.models import Show
from vasistas.lib import receipts
from vasistas.lib.errors import NotFound


@pytest.fixture
def show(scene: Scene) -> Show:
    show = scene.start()
    shows.spy(show=show, viewer=scene.max, minutes=1, at=scene.at)
    scene.watch(scene.max)
    scene.run(20)
    shows.end(show=show, by=scene.vi, at=scene.at)
    return scene.again(show)


def test_the_payers_copy_tells_terms_presence_and_sum(scene: Scene, show: Show) -> None:
    said = json.loads(shows.receipt_for(show=show, member=scene.vi, at=scene.at))
    assert said["terms"]["price_minor"] == 300
    assert (said["terms"]["recorded"], said["terms"]["chat_kept"]) == (False, False)
    assert {(one["role"], bool(one["ref"])) for one in said["present"]} == {
        ("host", True),
        ("payer", True),
        ("spy", True),
    }
    assert [(one["delivered_s"], one["charged_minor"]) for one in said["paid"]] == [(20, 100)]
    assert said["paid"][0]["ref"] == said["you"]
    assert "split" not in said


def test_the_hosts_copy_tells_every_seat_and_the_split(scene: Scene, show: Show) -> None:
    said = json.loads(shows.receipt_for(show=show, member=scene.ada, at=scene.at))
    assert sorted((one["role"], one["charged_minor"]) for one in said["paid"]) == [("payer", 100), ("spy", 20)]
    assert said["split"] == {"platform_minor": 36, "studio_minor": 0, "host_minor": 84}
    assert scene.earned() == 84


def test_it_names_nobody(scene: Scene, show: Show) -> None:
    for member in (scene.vi, scene.ada):
        text = shows.receipt_for(show=show, member=member, at=scene.at)
        read = json.loads(text)
        read.pop("signature", None)  # random letters, in which a short name may stand by chance
        for person in (scene.vi, scene.ada, scene.max):
            assert person.display_name not in json.dumps(read)
            assert person.email not in text


def test_others_get_none(scene: Scene, show: Show) -> None:
    with pytest.raises(NotFound):
        shows.receipt_for(show=show, member=scene.bo, at=scene.at)


def test_every_changed_digit_fails(scene: Scene, show: Show) -> None:
    text = shows.receipt_for(show=show, member=scene.vi, at=scene.at)
    assert shows.is_genuine(text)
    key = base64.b64decode(json.loads(text)["signature"]["public_key"])
    assert receipts.faults_of(text, public=key) == []
    for found in re.finditer(r"[0-9]", text):
        other = str((int(found.group()) + 1) % 10)
        changed = text[: found.start()] + other + text[found.end() :]
        assert receipts.faults_of(changed, public=key), text[found.start() - 20 : found.end() + 5]


def test_signed_by_another_key_fails(scene: Scene, show: Show) -> None:
    text = shows.receipt_for(show=show, member=scene.vi, at=scene.at)
    assert receipts.faults_of(text, public=bytes(32))


def test_a_charge_above_what_was_delivered_fails_even_signed(scene: Scene, show: Show) -> None:
    said = json.loads(shows.receipt_for(show=show, member=scene.vi, at=scene.at))
    said["paid"][0]["charged_minor"] = 101
    resigned = shows.signed({name: value for name, value in said.items() if name != "signature"}, scene.at)
    assert receipts.faults_of(resigned) == [f"{said['you']} was charged more than was delivered."]


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"signature": 3}', '{"kind": "x", "signature": {}}'])
def test_what_is_no_receipt_is_said_to_be_none(text: str) -> None:
    assert receipts.faults_of(text) == ["It is no receipt."]


def test_the_command_verifies_offline(scene: Scene, show: Show, tmp_path) -> None:
    file = tmp_path / "receipt.json"
    text = shows.receipt_for(show=show, member=scene.vi, at=scene.at)
    file.write_text(text)
    key = json.loads(text)["signature"]["public_key"]
    done = verify(str(file), "--key", key)
    assert (done.returncode, done.stderr) == (0, "")
    assert "20 s delivered, 1.00 EUR charged." in done.stdout
    file.write_text(text.replace('"charged_minor": 100', '"charged_minor": 101'))
    done = verify(str(file), "--key", key)
    assert done.returncode == 1
    assert "The receipt is not genuine." in done.stdout
    assert verify(str(tmp_path / "none.json")).returncode == 1
    assert verify(str(file), "--key", "short").returncode == 1


def verify(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = "import sys; from vasistas.config.cli import main; main(['receipt', 'verify', *sys.argv[1:]])"
    ran = [sys.executable, "-c", command, *arguments]
    return subprocess.run(ran, capture_output=True, text=True, timeout=60, check=False)
