"""A site whose root key is not its own does not start: one clear line, exit code 1, nothing written."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from vasistas.guard.keyring.root_file import RootKeyFile

CLI = "import sys; from vasistas.config import cli; cli.main(sys.argv[1:])"

SUBJECT = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "vasistas.config.settings"
import django; django.setup()
from django.utils import timezone
from vasistas.apps.privacy import operations
from vasistas.guard.purposes import processing
with processing("account"):
    operations.create_subject(kind="member", at=timezone.now())
"""


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VASISTAS_")}
    return {**kept, "VASISTAS_DATA": str(tmp_path / "site"), "VASISTAS_SMTP_URL": "smtp://mail.example:25"}


def vasistas(site: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", CLI, *words], env=site, capture_output=True, text=True, check=False)


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


def contents(folder: Path) -> dict[str, bytes]:
    """The data, not the lock and not SQLite's own helpers beside it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock" and path.suffix not in {".sqlite3-wal", ".sqlite3-shm"}
    }


def test_a_site_starts_with_its_own_root_key_alone(site: dict[str, str]) -> None:
    data = Path(site["VASISTAS_DATA"])
    made = vasistas(site, "manage", "migrate", "keyring", "--verbosity", "0", "--skip-checks")
    assert made.returncode == 0, made.stderr
    root = data / "keys" / "root.key"
    own, before = root.read_bytes(), contents(data)

    def refused() -> str:
        done = vasistas(site, "web", "--port", free_port(), "--data", str(data))
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        return line

    root.unlink()
    RootKeyFile(root).make()
    assert refused() == (
        f"vasistas: The root key in {root} does not open this key store. Restore the root key that belongs to it, or "
        "the key store that belongs to this root key, from the backup. Nothing was written."
    )
    root.write_bytes(own)
    root.chmod(0o644)
    assert refused() == f"vasistas: The root key {root} can be read by others (mode 0644). Run: chmod 600 {root}"
    root.unlink()
    assert refused().startswith(f"vasistas: The root key {root} is missing, and this key store needs it: ")
    assert not root.exists()
    migrated = vasistas(site, "manage", "migrate")
    assert (migrated.returncode, migrated.stderr.splitlines()[-1][:28]) == (1, f"vasistas: The root key {root}"[:28])
    assert contents(data) == {name: held for name, held in before.items() if name != "keys/root.key"}


def test_an_empty_key_store_beside_sealed_data_is_refused_until_it_is_wanted(site: dict[str, str]) -> None:
    assert vasistas(site, "manage", "migrate", "--verbosity", "0", "--skip-checks").returncode == 0
    made = subprocess.run([sys.executable, "-c", SUBJECT], env=site, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    for file in (Path(site["VASISTAS_DATA"]) / "keys").glob("keyring.sqlite3*"):
        file.unlink()

    refused = vasistas(site, "manage", "migrate")

    assert refused.returncode == 1
    assert refused.stderr.startswith("vasistas: The key store is empty, but the data is sealed with keys of another")
    assert vasistas(site, "keys", "begin").stderr.startswith("vasistas: What was sealed with lost keys stays closed")
    assert vasistas(site, "manage", "migrate").returncode == 1
    assert vasistas(site, "keys", "begin", "--yes").returncode == 0
    assert vasistas(site, "manage", "migrate", "--verbosity", "0").returncode == 0
