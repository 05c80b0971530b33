"""The root key inside HashiCorp Vault's transit engine (or OpenBao's, which speaks the same): it never leaves there.

`vault:https://host:8200/<mount>/<key>?token_file=/path[&namespace=…][&ca_file=/path]`. The key must be `derived`: then
Vault binds each wrapped key to its context. Associated data would bind too, but `rewrap` does not take it.
Source: developer.hashicorp.com/vault/api-docs/secret/transit
"""

import base64
import re
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from vasistas.guard.keyring.errors import RootKeyFault, RootKeyWrong
from vasistas.guard.keyring.root import Wrapped

TIMEOUT_S = 5.0
BATCH_MAX = 500  # keys in one call
ERROR_CHARS_MAX = 200
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
OPTIONS = {"token_file", "namespace", "ca_file"}
CIPHERTEXT = re.compile(r"vault:v(\d+):\S+")
REFUSED = {
    403: "refuses this token. Renew it, or let it update encrypt, decrypt and rewrap, and read keys, of this key",
    429: "takes no more calls now",
    503: "is sealed or under maintenance. Unseal it",
}
AUTHENTICATION_FAILED = "message authentication failed"  # Go's word for a wrong key or context


class RootKeyVault:
    """One connection pool for the process; used by many threads at once."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query))
        self._mount, _, self._key = parts.path.strip("/").rpartition("/")
        if parts.scheme not in {"http", "https"} or not (self._mount and self._key) or set(options) - OPTIONS:
            raise RootKeyFault(
                "VASISTAS_ROOT_KEY is not understood; set it to vault:https://host:8200/transit/<key>?token_file=/path "
                "with namespace= and ca_file= where needed."
            )
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise RootKeyFault("VASISTAS_ROOT_KEY would send keys in the clear; use https:// for this Vault.")
        if "token_file" not in options:
            raise RootKeyFault("VASISTAS_ROOT_KEY names no token_file=: the file with the token for Vault.")
        self.where = f"Vault at {parts.netloc}, {self._mount}/{self._key}"
        self._token_file = Path(options["token_file"])
        self._headers = {"X-Vault-Request": "true"}
        if namespace := options.get("namespace"):
            self._headers["X-Vault-Namespace"] = namespace
        self._client = httpx.Client(
            base_url=f"{parts.scheme}://{parts.netloc}/v1/{self._mount}/",
            timeout=TIMEOUT_S,
            verify=_trusted(options.get("ca_file")),
            trust_env=False,
        )
        self._is_checked = False

    def make(self) -> None:
        self._described()

    def wrap(self, plain: bytes, context: bytes) -> Wrapped:
        self._check()
        found = self._batch("encrypt", [{"plaintext": _text(plain), "context": _text(context)}])
        return _wrapped(found[0], context)

    def unwrap(self, wrapped: Sequence[Wrapped]) -> list[bytes]:
        self._check()
        return [base64.b64decode(one["plaintext"]) for one in self._batch("decrypt", _items(wrapped))]

    def rewrap(self, wrapped: Sequence[Wrapped]) -> list[Wrapped]:
        found = self._batch("rewrap", _items(wrapped))
        return [_wrapped(answer, one.context) for answer, one in zip(found, wrapped, strict=True)]

    def versions(self) -> list[int]:
        about = self._described()
        return list(range(max(1, int(about["min_decryption_version"])), int(about["latest_version"]) + 1))

    def still_opens(self, version: int) -> bool:  # noqa: ARG002 — Vault keeps what it retires
        return True

    def rotate(self) -> int:
        self._call("POST", f"keys/{self._key}/rotate", {})
        return self.versions()[-1]

    def retire(self, used: frozenset[int]) -> list[int]:
        versions = self.versions()
        oldest = min(used | {versions[-1]})
        gone = [version for version in versions if version < oldest]
        if gone:
            self._call("POST", f"keys/{self._key}/config", {"min_decryption_version": oldest})
        return gone

    def close(self) -> None:
        self._client.close()

    def _check(self) -> None:
        if not self._is_checked:
            self._described()
            self._is_checked = True

    def _described(self) -> Mapping[str, Any]:
        about = self._call("GET", f"keys/{self._key}")
        if not about.get("derived"):
            raise RootKeyFault(
                f"The key of {self.where} is not derived, so Vault would not bind keys to their place. "
                f"Make another: vault write -f {self._mount}/keys/<name> derived=true"
            )
        return about

    def _batch(self, verb: str, items: list[dict[str, str]]) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        for start in range(0, len(items), BATCH_MAX):
            batch = items[start : start + BATCH_MAX]
            answers = self._call("POST", f"{verb}/{self._key}", {"batch_input": batch}).get("batch_results")
            if not isinstance(answers, list) or len(answers) != len(batch):
                raise self._unlike_vault()
            found.extend(answers)
        for answer in found:
            if error := answer.get("error"):
                raise self._refusal(400, [error])
        return found

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The `data` of the answer. A batch in which an item failed answers 400 and has `data` too."""
        try:
            answer = self._client.request(
                method, path, json=body, headers={**self._headers, "X-Vault-Token": self._token()}
            )
        except httpx.HTTPError as failure:
            raise RootKeyFault(
                f"{self.where} does not answer ({type(failure).__name__}). Sealed fields open again when it does."
            ) from None
        if answer.status_code == httpx.codes.NO_CONTENT:
            return {}
        try:
            content = answer.json()
            data, errors = content.get("data") or {}, content.get("errors") or []
        except (ValueError, AttributeError):
            data, errors = {}, []
            if answer.is_success:
                raise self._unlike_vault() from None
        if answer.is_success or "batch_results" in data:
            return dict(data)
        raise self._refusal(answer.status_code, errors)

    def _refusal(self, status: int, errors: Sequence[Any]) -> RootKeyFault:
        said = "; ".join(str(error).strip() for error in errors)[:ERROR_CHARS_MAX]
        if AUTHENTICATION_FAILED in said:
            return RootKeyWrong(f"{self.where} does not open this key: it is another root key, or the row is broken.")
        if status == httpx.codes.NOT_FOUND:
            return RootKeyFault(
                f"{self.where} does not exist. Make it: vault write -f {self._mount}/keys/{self._key} derived=true"
            )
        known = REFUSED.get(status, f"answers {status}")
        return RootKeyFault(f"{self.where} {known}. {f'It says: {said}' if said else ''}".rstrip())

    def _unlike_vault(self) -> RootKeyFault:
        return RootKeyFault(f"{self.where} answers, but not as Vault does. Is VASISTAS_ROOT_KEY its address?")

    def _token(self) -> str:
        try:
            token = self._token_file.read_text().strip()  # each time: an agent renews it
            is_open = self._token_file.stat().st_mode & 0o007
        except OSError as failure:
            raise RootKeyFault(f"The token file {self._token_file} cannot be read: {failure.strerror}.") from None
        if is_open:
            raise RootKeyFault(f"The token file {self._token_file} is open to all. Run: chmod 600 {self._token_file}")
        if not token or not token.isascii() or not token.isprintable():
            raise RootKeyFault(f"The token file {self._token_file} holds no token.")
        return token


def _trusted(ca_file: str | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as failure:  # ssl.SSLError is one
        raise RootKeyFault(f"The certificates in {ca_file} cannot be read: {failure.strerror or failure}.") from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _items(wrapped: Sequence[Wrapped]) -> list[dict[str, str]]:
    return [{"ciphertext": one.blob.decode(errors="replace"), "context": _text(one.context)} for one in wrapped]


def _wrapped(answer: Mapping[str, str], context: bytes) -> Wrapped:
    found = CIPHERTEXT.fullmatch(answer.get("ciphertext", ""))
    if found is None:
        raise RootKeyFault("Vault answered with no ciphertext of the form vault:v1:….")
    return Wrapped(int(found[1]), found[0].encode(), context)
