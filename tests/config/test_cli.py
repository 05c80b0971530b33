"""The command line says in one line what is wrong and what to do, before anything is written."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tools.servers import free_port

VASISTAS = str(Path(sys.executable).parent / "vasistas")
TIMEOUT_S = 60


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**{name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}, **environment}
    return subprocess.run(
        [VASISTAS, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False, env=env
    )


def test_port_that_is_taken_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port), "--data", str(tmp_path / "data"))
    assert done.returncode == 1
    assert done.stderr == f"vasistas: TCP port {port} is taken; choose another with --port or VASISTAS_PORT.\n"
    assert not (tmp_path / "data").exists()


def test_media_port_that_is_taken_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        media_port = taken.getsockname()[1]
        arguments = ("--port", str(free_port()), "--media-port", str(media_port), "--data", str(tmp_path / "data"))
        done = run("serve", *arguments, VASISTAS_MEDIA_CONTROL_PORT=str(free_port()))
    assert done.returncode == 1
    assert (
        done.stderr
        == f"vasistas: UDP port {media_port} is taken; choose another with --media-port or VASISTAS_MEDIA_PORT.\n"
    )


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1"])
def test_port_that_is_none_is_refused(port: str, tmp_path: Path) -> None:
    done = run("serve", f"--port={port}", "--data", str(tmp_path / "data"))
    assert done.returncode == 2
    assert f"{port!r} is no port; give a whole number from 1 to 65535." in done.stderr


def test_data_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("serve", "--port", "18999", "--data", str(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert done.stderr.startswith("vasistas: The data folder ")
    assert done.stderr.endswith("Choose one with --data.\n")


def test_setting_that_is_wrong_is_one_line_with_its_name(tmp_path: Path) -> None:
    done = run("serve", "--port", "18999", "--data", str(tmp_path), VASISTAS_PUBLIC_URL="cams.example")
    assert done.returncode == 1
    assert done.stderr == (
        "vasistas: VASISTAS_PUBLIC_URL is 'cams.example'; set it to an address like https://cams.example.\n"
    )


def test_secrets_are_made_once_and_are_the_owners_alone(tmp_path: Path) -> None:
    environment = {"VASISTAS_DATA": str(tmp_path)}
    first = run("manage", "check", **environment)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    second = run("manage", "check", **environment)
    assert (first.returncode, second.returncode) == (0, 0)
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == made
    assert {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "secrets").iterdir()} == {"0o600"}


@pytest.mark.parametrize("command", ["demo", "serve"])
@pytest.mark.parametrize("bind", ["0.0.0.0", "192.0.2.1", "::", "cams.example"])
def test_the_demo_shows_its_mails_to_this_machine_alone(command: str, bind: str, tmp_path: Path) -> None:
    done = run(command, "--bind", bind, "--data", str(tmp_path / "data"), VASISTAS_DEMO="yes")
    assert done.returncode == 1
    assert done.stderr.startswith("vasistas: The demo shows every mail")
    assert not (tmp_path / "data").exists()


def test_what_is_written_is_the_owners_alone(tmp_path: Path) -> None:
    assert run("manage", "migrate", "--verbosity", "0", VASISTAS_DATA=str(tmp_path / "data")).returncode == 0
    written = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert {path.name for path in written} >= {"data", "site.sqlite3", "secrets"}
    assert [path.name for path in written if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("name", ["SECRET_KEY", "GRANT_KEY"])
def test_a_secret_that_can_be_guessed_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    for given in ({f"VASISTAS_{name}": "guess me"}, {f"VASISTAS_{name}_FILE": str(tmp_path / "key")}):
        done = run("manage", "check", VASISTAS_DATA=str(tmp_path), **given)
        assert done.returncode != 0
        assert f"VASISTAS_{name} has " in done.stderr
