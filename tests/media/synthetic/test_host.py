"""The whole host, as the demo starts it, against a real node."""

import secrets
import signal
import subprocess
import sys
import time

import pytest

from tests.media import nodes
from vasistas.lib import grants

KEY_S = 600


@pytest.fixture
def node():
    running = nodes.RunningNode()
    yield running
    running.stop()


def start(node, key_file, *options):
    key_file.write_text(key(node))
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "vasistas.media.synthetic", "--whip", f"{node.url}/whip"),
            *("--key-file", str(key_file), "--title", "A test", *options),
        ]
    )


def key(node, session=None):
    """The node takes a grant where the site takes a stream key."""
    claims = {"act": "publish", "room": "1", "session": session or secrets.token_hex(16), "takeover": True}
    return grants.sign(claims, audience="media", ttl_s=KEY_S, key=nodes.KEY, now=time.time())


@pytest.mark.parametrize("options", [("--scene", "aurora"), ("--scene", "night", "--h264")])
def test_the_host_is_live_and_leaves_on_sigterm(node, tmp_path, options):
    host = start(node, tmp_path / "key", *options)
    try:
        nodes.until(lambda: node.client.node_stats().packets_received > 200)
        host.send_signal(signal.SIGTERM)
        assert host.wait(10) == 0
    finally:
        host.kill()

    nodes.until(lambda: node.client.node_stats().publishers == 0)


def test_the_host_keeps_asking_until_it_is_let_in(node, tmp_path):
    host = start(node, tmp_path / "key", "--scene", "harbour")
    try:
        nodes.until(lambda: node.client.node_stats().publishers == 1)
        node.client.close_room("1")  # its grant is used: the node refuses it from now on
        nodes.until(lambda: node.client.node_stats().publishers == 0)
        assert host.poll() is None
        host.send_signal(signal.SIGTERM)
        assert host.wait(15) == 0
    finally:
        host.kill()


def test_without_an_address_it_says_what_is_missing():
    ended = subprocess.run(
        [sys.executable, "-m", "vasistas.media.synthetic"], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr.strip()) == (1, "Give --whip URL and --key-file FILE, or --still PATH.")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--scene", "sea"), "There is no scene 'sea'. Choose one of aquarium, aurora, harbour, night."),
        (
            ("--whip", "http://localhost:1/", "--key-file", "absent"),
            "Cannot read the stream key from absent (No such file or directory).",
        ),
    ],
)
def test_wrong_use_is_told_in_one_line(options, said):
    ended = subprocess.run(
        [sys.executable, "-m", "vasistas.media.synthetic", *options], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr.strip()) == (1, said)


def test_a_still_is_written(tmp_path):
    target = tmp_path / "still.webp"

    subprocess.run([sys.executable, "-m", "vasistas.media.synthetic", "--still", str(target)], check=True)

    assert target.read_bytes()[8:12] == b"WEBP"
