"""A Vault of tests: the transit engine's HTTP API over real HTTP, with keys derived by context as Vault does it.

What it answers, and how errors look, follows developer.hashicorp.com/vault/api-docs/secret/transit and the source of
its transit backend; `rewrap` knows no associated data, a batch with a failed item answers 400 with its results.
"""

import base64
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TOKEN = "hvs.test-token"


class UserError(Exception):
    pass


@dataclass
class Key:
    derived: bool = True
    versions: dict[int, bytes] = field(default_factory=lambda: {1: os.urandom(32)})
    oldest: int = 1

    def cipher(self, version: int, context: bytes) -> AESGCM:
        if version < self.oldest:
            raise UserError("ciphertext or signature version is disallowed by policy (too old)")
        if version not in self.versions:
            raise UserError("invalid ciphertext: version is too new")
        if self.derived and not context:
            raise UserError("missing 'context' for key derivation; the key was created using a derived key")
        material = self.versions[version]
        return AESGCM(HKDF(hashes.SHA256(), 32, None, context).derive(material) if self.derived else material)

    def encrypt(self, item: dict[str, str]) -> dict[str, Any]:
        version, nonce = max(self.versions), os.urandom(12)
        context = base64.b64decode(item.get("context", ""))
        sealed = nonce + self.cipher(version, context).encrypt(nonce, base64.b64decode(item["plaintext"]), None)
        return {"ciphertext": f"vault:v{version}:{base64.b64encode(sealed).decode()}", "key_version": version}

    def decrypt(self, item: dict[str, str]) -> dict[str, Any]:
        prefix, version, text = (*item["ciphertext"].split(":", 2), "", "")[:3]
        if prefix != "vault" or not version.startswith("v"):
            raise UserError("invalid ciphertext: no prefix")
        try:
            sealed = base64.b64decode(text, validate=True)
        except ValueError:
            raise UserError("invalid ciphertext: could not decode base64") from None
        cipher = self.cipher(int(version[1:]), base64.b64decode(item.get("context", "")))
        try:
            return {"plaintext": base64.b64encode(cipher.decrypt(sealed[:12], sealed[12:], None)).decode()}
        except (InvalidTag, ValueError):
            raise UserError("cipher: message authentication failed") from None

    def rewrap(self, item: dict[str, str]) -> dict[str, Any]:
        return self.encrypt({**item, **self.decrypt(item)})


@dataclass
class Vault:
    url: str
    keys: dict[str, Key] = field(default_factory=dict)
    namespace: str | None = None
    is_sealed: bool = False
    denied: set[str] = field(default_factory=set)  # first words of paths
    garbage: bytes | None = None
    calls: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: Any, body: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        if self.is_sealed:
            return 503, {"errors": ["Vault is sealed"]}
        prefix, _, rest = path.removeprefix("/v1/").partition("/")
        verb, _, name = rest.partition("/")
        self.calls.append(f"{method} {rest}")
        if headers["X-Vault-Token"] != TOKEN or headers["X-Vault-Namespace"] != self.namespace or verb in self.denied:
            return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
        if prefix != "transit":
            return 404, {"errors": [f'no handler for route "{prefix}/". route entry not found.']}
        name, _, action = name.partition("/")
        key = self.keys.get(name)
        if key is None:
            return (404, {"errors": []}) if method == "GET" else (400, {"errors": ["encryption key not found"]})
        if verb == "keys":
            return self.about(key, action, body)
        return self.batch(getattr(key, verb), body["batch_input"])

    def about(self, key: Key, action: str, body: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
        if action == "rotate":
            key.versions[max(key.versions) + 1] = os.urandom(32)
        elif action == "config":
            key.oldest = body["min_decryption_version"]
            return 204, None
        data = {
            "type": "aes256-gcm96",
            "derived": key.derived,
            "latest_version": max(key.versions),
            "min_decryption_version": key.oldest,
            "min_encryption_version": 0,
            "keys": {str(version): 1_700_000_000 for version in key.versions},
        }
        return 200, {"data": data}

    def batch(self, act: Any, items: list[dict[str, str]]) -> tuple[int, dict[str, Any]]:
        results: list[dict[str, Any]] = []
        for item in items:
            try:
                results.append(act(item))
            except UserError as error:
                results.append({"error": str(error)})
        failed = any("error" in result for result in results)
        return 400 if failed else 200, {"data": {"batch_results": results}}


@contextmanager
def running() -> Iterator[Vault]:
    """Serve on a free port of this machine until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet

        def _reply(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            status, content = vault.answer(self.command, self.path, self.headers, body)
            data = b"" if content is None else json.dumps(content).encode()
            data = vault.garbage if vault.garbage is not None else data
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _reply  # noqa: N815 — names of the standard library

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    vault = Vault(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield vault
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
