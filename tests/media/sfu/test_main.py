import concurrent.futures
import os
import socket
import subprocess
import sys

import pytest

from tests.media import nodes
from vasistas.media.sfu import main

KEY = {"VASISTAS_GRANT_KEY": "secret"}


def test_defaults_serve_this_machine_and_send_media_from_everywhere():
    options = main.parse([], KEY)

    assert (options.control_bind, options.control_port) == ("127.0.0.1", 8001)
    assert (options.network.bind, options.network.ports, options.network.public_ip) == ("0.0.0.0", (8002, 8002), None)
    assert options.key == b"secret"


def test_options_come_from_the_environment_and_the_line_wins():
    environ = {**KEY, "VASISTAS_MEDIA_PORTS": "20000-20999", "VASISTAS_MEDIA_PUBLIC_IP": "203.0.113.9"}

    options = main.parse(["--control-port", "9000", "--viewers-max", "5", "--child"], environ)

    assert options.network.ports == (20_000, 20_999)
    assert options.network.public_ip == "203.0.113.9"
    assert (options.control_port, options.limits.viewers, options.is_child) == (9_000, 5, True)


def test_an_empty_variable_is_as_good_as_none():
    assert main.parse([], {**KEY, "VASISTAS_MEDIA_PORTS": "", "VASISTAS_MEDIA_ROOMS_MAX": ""}).limits.rooms == 64


def test_the_key_is_read_from_the_sites_data_folder(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "grant_key").write_text("from the folder\n")

    assert main.parse(["--data", str(tmp_path)], {}).key == b"from the folder"
    assert main.parse(["--grant-key-file", str(tmp_path / "secrets" / "grant_key")], KEY).key == b"from the folder"


@pytest.mark.parametrize(
    ("argv", "environ", "words"),
    [
        ([], {}, "no grant key"),
        (["--grant-key-file", "missing"], {}, "cannot read the grant key"),
        (["--grant-key-file", os.devnull], {}, "is empty"),
        (["--media-ports", "5-4"], KEY, "give a range"),
        (["--media-ports", "many"], KEY, "give a range"),
        (["--media-port", "70000"], KEY, "give a range"),
        ([], {**KEY, "VASISTAS_MEDIA_PORT": "x"}, "whole number"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(argv, environ, words):
    with pytest.raises(main.Misconfigured, match=words):
        main.parse(argv, environ)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_that_is_taken_ends_the_start_with_one_line(kind):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        if kind == socket.SOCK_STREAM:
            taken.listen()
        ports = [port, str(nodes.free_port())] if kind == socket.SOCK_STREAM else [str(nodes.free_port()), port]
        ended = subprocess.run(
            [*nodes.command(int(ports[0])), "--media-port", ports[1]],
            env={**os.environ, **KEY},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert port in ended.stderr
    assert "--control-port" in ended.stderr or "--media-port" in ended.stderr


def test_a_stop_waits_for_no_long_poll():
    with nodes.running() as node, concurrent.futures.ThreadPoolExecutor() as pool:
        cursor = node.client.events(after="", wait_s=0).cursor
        waiting = pool.submit(node.client.events, after=cursor, wait_s=25)
        assert node.client.node_stats().rooms == 0
        node.process.terminate()

        assert node.process.wait(10) == 0
        assert waiting.result().events == []


def test_a_child_ends_with_its_parent():
    """The parent dies without a word; only its child can notice."""
    port = nodes.free_port()
    parent = "import subprocess, sys; subprocess.Popen(sys.argv[1:]); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", parent, *nodes.command(port), "--media-port", str(nodes.free_port())],
        stdin=subprocess.PIPE,
        env={**os.environ, **KEY, "VASISTAS_LOG_LEVEL": "WARNING"},
    ) as started:
        nodes.until(lambda: answers(port))
        started.kill()

    nodes.until(lambda: not answers(port))


def answers(port):
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0
