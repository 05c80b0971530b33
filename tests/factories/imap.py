"""A mailbox of one's own on this machine: Debian's dovecot, as whoever runs the tests (RFC 3501)."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tools import servers

USER, PASSWORD = "help", "wave-lamp-9"
STARTED_S = 20

CONFIG = """
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {login}
ssl = no
disable_plaintext_auth = no
first_valid_uid = 0
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Box:
    url: str
    folder: Path

    def put(self, raw: bytes, name: str) -> None:
        """Deliver a mail, as a mail server does (maildir)."""
        path = self.folder / "mail/new" / name
        path.write_bytes(raw)
        path.chmod(0o644)  # whatever the umask: another user reads it

    def left(self) -> dict[str, str]:
        """What lies there: name -> its flags (F: flagged, T: deleted)."""
        found = [one.name.partition(":2,") for one in self.folder.glob("mail/*/*") if one.parent.name in {"new", "cur"}]
        return {name.partition(",")[0]: flags for name, _comma, flags in found}


@contextmanager
def mailbox() -> Iterator[Box]:
    folder, port = Path(tempfile.mkdtemp(prefix="vasistas-imap-", dir="/tmp")), servers.free_port()
    for name in ("run", "state", "mail/new", "mail/cur", "mail/tmp"):
        (folder / name).mkdir(parents=True)
    me = pwd.getpwuid(os.geteuid())
    said = {"user": me.pw_name, "login": me.pw_name, "group": grp.getgrgid(me.pw_gid).gr_name}
    if me.pw_uid == 0:  # dovecot lets root own no mail and answer nobody; its package made accounts for it
        me = pwd.getpwnam("nobody")
        said = {"user": "dovecot", "login": "dovenull", "group": "dovecot"}
    said |= {"uid": me.pw_uid, "gid": me.pw_gid}
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    (folder / "conf").write_text(CONFIG.format(folder=folder, port=port, password=PASSWORD, **said))
    for path in [folder / "mail", *(folder / "mail").iterdir()]:
        os.chown(path, me.pw_uid, me.pw_gid)
    folder.chmod(0o755)
    with subprocess.Popen([shutil.which("dovecot") or "/usr/sbin/dovecot", "-F", "-c", folder / "conf"]) as server:
        try:
            _await(port)
            yield Box(f"imap://{USER}:{PASSWORD}@127.0.0.1:{port}/INBOX", folder)
        finally:
            server.terminate()
            server.wait(STARTED_S)
            shutil.rmtree(folder, ignore_errors=True)


def _await(port: int) -> None:
    ends = time.monotonic() + STARTED_S
    while time.monotonic() < ends:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=STARTED_S) as client:
            if client.recv(4) == b"* OK":
                return
    raise TimeoutError("dovecot did not start.")
