"""The root key in Vault: over real HTTP, bound to its context, and every refusal told with its remedy."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.guard.keyring.vault import TOKEN, Key, Vault, running
from vasistas.guard import keyring
from vasistas.guard.keyring import RootKeyFault, rotation
from vasistas.guard.keyring.errors import RootKeyWrong
from vasistas.guard.keyring.models import DataKey
from vasistas.guard.keyring.root import Wrapped, root_key
from vasistas.guard.keyring.root_vault import RootKeyVault

CONTEXT = b"row 1"


@pytest.fixture
def vault() -> Iterator[Vault]:
    with running() as started:
        started.keys["vasistas"] = Key()
        yield started


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def root(vault: Vault, token_file: Path) -> Iterator[RootKeyVault]:
    made = RootKeyVault(f"{vault.url}/transit/vasistas?token_file={token_file}")
    yield made
    made.close()


def test_it_opens_what_it_wrapped_in_its_context_alone(root: RootKeyVault) -> None:
    wrapped = root.wrap(b"a key", CONTEXT)
    assert (wrapped.version, wrapped.blob[:9]) == (1, b"vault:v1:")
    assert root.unwrap([wrapped]) == [b"a key"]
    with pytest.raises(RootKeyWrong):
        root.unwrap([wrapped._replace(context=b"row 2")])
    with pytest.raises(RootKeyWrong):
        root.unwrap([wrapped._replace(blob=wrapped.blob[:-8] + b"AAAAAAA=")])
    with pytest.raises(RootKeyFault, match="no prefix"):
        root.unwrap([Wrapped(1, b"\xff\x00", CONTEXT)])


def test_many_are_opened_by_few_calls(root: RootKeyVault, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vasistas.guard.keyring.root_vault.BATCH_MAX", 2)
    wrapped = [root.wrap(bytes([number]), b"row %d" % number) for number in range(5)]
    vault.calls.clear()
    assert root.unwrap(wrapped) == [bytes([number]) for number in range(5)]
    assert vault.calls == ["POST decrypt/vasistas"] * 3


def test_rewrapping_never_brings_the_key_here(root: RootKeyVault, vault: Vault) -> None:
    old = root.wrap(b"a key", CONTEXT)
    assert root.rotate() == 2
    vault.calls.clear()
    (new,) = root.rewrap([old])
    assert vault.calls == ["POST rewrap/vasistas"]
    assert (new.version, new.context) == (2, CONTEXT)
    assert root.unwrap([new, old]) == [b"a key", b"a key"]
    assert root.retire(frozenset({1, 2})) == []
    assert root.retire(frozenset({2})) == [1]
    assert root.versions() == [2]
    with pytest.raises(RootKeyFault, match="too old"):
        root.unwrap([old])


def test_a_key_that_binds_nothing_is_refused(root: RootKeyVault, vault: Vault) -> None:
    vault.keys["vasistas"] = Key(derived=False)
    with pytest.raises(RootKeyFault, match=r"is not derived.*derived=true"):
        root.wrap(b"a key", CONTEXT)


def test_a_missing_key_is_not_made_by_us(root: RootKeyVault, vault: Vault) -> None:
    vault.keys.clear()
    with pytest.raises(RootKeyFault, match=r"does not exist\. Make it: vault write -f transit/keys/vasistas"):
        root.make()
    assert vault.calls == ["GET keys/vasistas"]


def test_a_sealed_vault_says_so(root: RootKeyVault, vault: Vault) -> None:
    vault.is_sealed = True
    with pytest.raises(RootKeyFault, match=r"is sealed or under maintenance\. Unseal it\. It says: Vault is sealed"):
        root.wrap(b"a key", CONTEXT)


@pytest.mark.parametrize("denied", ["encrypt", "keys"])
def test_a_token_that_may_not_is_told_what_it_needs(root: RootKeyVault, vault: Vault, denied: str) -> None:
    vault.denied.add(denied)
    with pytest.raises(RootKeyFault, match=r"refuses this token\. Renew it, or let it update encrypt") as raised:
        root.wrap(b"a key", CONTEXT)
    assert TOKEN not in str(raised.value)


def test_a_renewed_token_is_used_at_once(root: RootKeyVault, token_file: Path) -> None:
    token_file.write_text("hvs.expired")
    with pytest.raises(RootKeyFault, match="refuses this token"):
        root.wrap(b"a key", CONTEXT)
    token_file.write_text(TOKEN)
    assert root.wrap(b"a key", CONTEXT).version == 1


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [("", 0o600, "holds no token"), ("two\nlines", 0o600, "holds no token"), (TOKEN, 0o604, "Run: chmod 600")],
)
def test_a_token_file_that_cannot_be_used_is_told(
    root: RootKeyVault, token_file: Path, content: str, mode: int, told: str
) -> None:
    token_file.write_text(content)
    token_file.chmod(mode)
    with pytest.raises(RootKeyFault, match=told):
        root.wrap(b"a key", CONTEXT)
    token_file.unlink()
    with pytest.raises(RootKeyFault, match="cannot be read: No such file"):
        root.wrap(b"a key", CONTEXT)


def test_a_namespace_goes_along(vault: Vault, token_file: Path) -> None:
    vault.namespace = "cams/site"
    root = RootKeyVault(f"{vault.url}/transit/vasistas?token_file={token_file}&namespace=cams/site")
    assert root.wrap(b"a key", CONTEXT).version == 1
    root.close()


def test_no_answer_is_told(token_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    root = RootKeyVault(f"http://127.0.0.1:{port}/transit/vasistas?token_file={token_file}")
    with pytest.raises(RootKeyFault, match=rf"Vault at 127\.0\.0\.1:{port}, transit/vasistas does not answer \(Conn"):
        root.wrap(b"a key", CONTEXT)
    root.close()


def test_a_silent_vault_is_not_waited_for_for_ever(token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vasistas.guard.keyring.root_vault.TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        root = RootKeyVault(f"http://127.0.0.1:{silent.getsockname()[1]}/transit/vasistas?token_file={token_file}")
        with pytest.raises(RootKeyFault, match=r"does not answer \(ReadTimeout\)"):
            root.wrap(b"a key", CONTEXT)
        root.close()


@pytest.mark.parametrize("garbage", [b"<html>", b"[]", b'"text"'])
def test_what_is_no_vault_is_told(root: RootKeyVault, vault: Vault, garbage: bytes) -> None:
    vault.garbage = garbage
    with pytest.raises(RootKeyFault, match="answers, but not as Vault does"):
        root.wrap(b"a key", CONTEXT)


def test_an_answer_without_results_is_told(root: RootKeyVault, vault: Vault) -> None:
    root.make()
    root.wrap(b"a key", CONTEXT)
    vault.garbage = b'{"data": {}}'
    with pytest.raises(RootKeyFault, match="answers, but not as Vault does"):
        root.wrap(b"a key", CONTEXT)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("vault:https://vault.example/vasistas?token_file=/x", "is not understood"),
        ("vault:ftp://vault.example/transit/vasistas?token_file=/x", "is not understood"),
        ("vault:https://vault.example/transit/vasistas?token_file=/x&tocken=1", "is not understood"),
        ("vault:http://vault.example/transit/vasistas?token_file=/x", "in the clear"),
        ("vault:https://vault.example/transit/vasistas", "names no token_file="),
        (
            "vault:https://vault.example/transit/vasistas?token_file=/x&ca_file=/nowhere.pem",
            "/nowhere.pem cannot be read",
        ),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(tmp_path: Path, address: str, told: str) -> None:
    with pytest.raises(RootKeyFault, match=told):
        root_key(address, data=tmp_path)


# -- Beside a key store ------------------------------------------------------------------------------------------------


@pytest.fixture
def store(vault: Vault, token_file: Path, settings: Any) -> Iterator[Vault]:
    settings.ROOT_KEY = f"vault:{vault.url}/transit/vasistas?token_file={token_file}"
    keyring.forget_cached()
    yield vault
    keyring.forget_cached()


@pytest.mark.django_db
def test_a_key_store_lives_on_vault_and_survives_its_rotation(store: Vault) -> None:
    handles = [uuid4() for _ in range(5)]
    keys = [keyring.data_key(handle, "identity") for handle in handles]
    keyring.destroy(handles[4])

    done = rotation.rotate(batch=2)

    assert (done.to, done.rewrapped, done.retired) == (2, 5, [1])
    keyring.forget_cached()
    assert [keyring.key_of(key.id).secret for key in keys[:4]] == [key.secret for key in keys[:4]]
    assert DataKey.objects.get(pk=UUID(bytes=keys[0].id)).root_version == 2
    assert rotation.check().broken == {}


@pytest.mark.django_db
def test_another_key_of_vault_is_told(store: Vault) -> None:
    keyring.data_key(uuid4(), "identity")
    held, store.keys["vasistas"] = store.keys["vasistas"], Key()
    keyring.forget_cached()
    with pytest.raises(RootKeyFault, match=r"transit/vasistas does not open this key store"):
        keyring.open_store()
    store.keys["vasistas"] = held
