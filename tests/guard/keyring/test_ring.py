"""Keys in use: made once, opened again, destroyed for good; also by many at once."""

import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections, transaction

from vasistas.guard import keyring
from vasistas.guard.keyring import ring, store
from vasistas.guard.keyring.models import DataKey, KeyClass, SiteKey

TRIALS = 30


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run each act in a thread of its own, all begun together; returns what each returned or raised, in order."""
    gate, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        connections[keyring.ALIAS].ensure_connection()
        gate.wait()
        try:
            results[place] = act()
        except Exception as error:  # noqa: BLE001 — the test judges it
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let seconds pass."""
    now = [1_000.0]
    monkeypatch.setattr(ring, "_now", lambda: now[0])

    def passes(seconds: float) -> None:
        now[0] += seconds

    return passes


def destroy_elsewhere(handle: UUID) -> None:
    """As another process does: this one is not told."""
    store.destroy(handle, SiteKey.objects.get(pk=ring.KNOWN_ANSWER).created_at)


@pytest.mark.django_db
def test_a_key_is_made_once_and_opens_again() -> None:
    handle = uuid4()

    made = keyring.data_key(handle, "communications")
    keyring.forget_cached()

    assert keyring.data_key(handle, "communications").secret == made.secret
    assert keyring.key_of(made.id).secret == made.secret
    assert (len(made.id), len(made.secret)) == (16, 32)


@pytest.mark.django_db
def test_each_person_and_class_has_a_key_of_its_own() -> None:
    one, other = uuid4(), uuid4()
    keys = {keyring.data_key(handle, kind).secret for handle in (one, other) for kind in KeyClass.values}
    assert len(keys) == 8


@pytest.mark.django_db
def test_the_store_holds_no_key_in_the_clear(settings: Any) -> None:
    secrets = [keyring.data_key(uuid4(), "identity").secret, keyring.site_key("sessions")]
    stored = b"".join(
        bytes(wrapped)
        for rows in (DataKey.objects, SiteKey.objects)
        for wrapped in rows.values_list("wrapped", flat=True)
    )
    assert all(secret not in stored for secret in secrets)
    assert Path(settings.ROOT_KEY.removeprefix("file:")).stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db
def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(ValueError, match="gossip"):
        keyring.data_key(uuid4(), "gossip")


@pytest.mark.django_db
def test_a_wrapped_key_moved_to_another_row_does_not_open() -> None:
    one, other = keyring.data_key(uuid4(), "identity"), keyring.data_key(uuid4(), "identity")
    wrapped = DataKey.objects.get(pk=UUID(bytes=other.id)).wrapped
    DataKey.objects.filter(pk=UUID(bytes=one.id)).update(wrapped=wrapped)
    keyring.forget_cached()
    with pytest.raises(keyring.RootKeyFault, match="does not open this key"):
        keyring.key_of(one.id)
    assert keyring.key_of(other.id).secret == other.secret


@pytest.mark.django_db
def test_a_key_shows_nothing_of_itself() -> None:
    key = keyring.data_key(uuid4(), "identity")
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)
    with pytest.raises(keyring.KeyringFault):
        pickle.dumps(key)


# -- Destroyed ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_destroyed_key_opens_nothing_and_is_never_made_again() -> None:
    handle = uuid4()
    key = keyring.data_key(handle, "identity")

    assert keyring.destroy(handle) == 1

    with pytest.raises(keyring.KeyDestroyed):
        keyring.key_of(key.id)
    for kind in KeyClass.values:  # those never used, too
        with pytest.raises(keyring.KeyDestroyed):
            keyring.data_key(handle, kind)
    rows = DataKey.objects.filter(handle=handle)
    assert {(row.key_class, bytes(row.wrapped), row.destroyed_at is None) for row in rows} == {
        (kind, b"", False) for kind in KeyClass.values
    }


@pytest.mark.django_db
def test_destroying_twice_changes_nothing() -> None:
    handle = uuid4()
    keyring.data_key(handle, "identity")
    keyring.destroy(handle)
    before = list(DataKey.objects.order_by("pk").values())
    assert keyring.destroy(handle) == 0
    assert list(DataKey.objects.order_by("pk").values()) == before


@pytest.mark.django_db
def test_no_class_added_later_gets_a_key_for_someone_erased() -> None:
    handle = uuid4()
    keyring.destroy(handle)
    DataKey.objects.filter(handle=handle, key_class="support").delete()  # as if the class were newer than the erasure
    with pytest.raises(keyring.KeyDestroyed):
        keyring.data_key(handle, "support")


@pytest.mark.django_db
def test_a_key_destroyed_in_another_process_opens_nothing_after_a_second(clock: Callable[[float], None]) -> None:
    handle = uuid4()
    key = keyring.data_key(handle, "identity")
    destroy_elsewhere(handle)

    clock(1.01)

    with pytest.raises(keyring.KeyDestroyed):
        keyring.key_of(key.id)
    with pytest.raises(keyring.KeyDestroyed):
        keyring.data_key(handle, "identity")


@pytest.mark.django_db
def test_a_key_is_asked_for_once_a_second_and_opened_once_a_minute(
    clock: Callable[[float], None], django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keyring.data_key(uuid4(), "identity")
    root, opened = keyring.open_store(), []
    monkeypatch.setattr(root, "unwrap", lambda wrapped: opened.append(len(wrapped)) or type(root).unwrap(root, wrapped))
    with django_assert_num_queries(0, connection=connections[keyring.ALIAS]):
        keyring.key_of(key.id)
    clock(1.01)
    with django_assert_num_queries(1, connection=connections[keyring.ALIAS]):
        assert [keyring.key_of(key.id).secret for _ in range(3)] == [key.secret] * 3
    assert opened == []
    clock(60)
    assert keyring.key_of(key.id).secret == key.secret
    assert opened == [1]


@pytest.mark.django_db
def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "HELD_MAX", 3)
    keys = [keyring.data_key(uuid4(), "identity") for _ in range(5)]
    assert (len(ring._by_id), len(ring._by_owner)) == (3, 3)
    assert [keyring.key_of(key.id).secret for key in keys] == [key.secret for key in keys]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_the_keys_of_a_page_come_by_one_query(count: int, django_assert_num_queries: Any) -> None:
    keys = [keyring.data_key(uuid4(), "identity") for _ in range(count)]
    destroyed = uuid4()
    gone = keyring.data_key(destroyed, "identity")
    keyring.destroy(destroyed)
    keyring.forget_cached()
    keyring.open_store()
    with django_assert_num_queries(1, connection=connections[keyring.ALIAS]):
        keyring.preload([*(key.id for key in keys), gone.id, b"never there, no."])
        assert [keyring.key_of(key.id).secret for key in keys] == [key.secret for key in keys]
        with pytest.raises(keyring.KeyDestroyed):
            keyring.key_of(gone.id)


@pytest.mark.django_db
def test_a_key_that_never_was_is_told_apart_from_one_destroyed() -> None:
    with pytest.raises(keyring.KeyUnknown):
        keyring.key_of(b"never there, no.")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connections['keys'].vendor != 'sqlite'", reason="the files of SQLite")
def test_a_destroyed_key_leaves_no_byte_in_the_files() -> None:
    handle, others = uuid4(), [uuid4() for _ in range(50)]
    for one in (handle, *others):
        keyring.data_key(one, "identity")
    wrapped, kept = (bytes(DataKey.objects.get(handle=one).wrapped) for one in (handle, others[0]))
    file = Path(connections[keyring.ALIAS].settings_dict["NAME"])

    def held(value: bytes) -> bool:
        return any(value in path.read_bytes() for path in file.parent.glob(f"{file.name}*"))

    assert held(wrapped)
    keyring.destroy(handle)
    assert not held(wrapped)
    assert held(kept)


# -- Many at once ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_once_get_the_same_key() -> None:
    keyring.open_store()
    handle = uuid4()
    keys = at_once(*[lambda: keyring.data_key(handle, "communications")] * 6)
    assert {key.secret for key in keys} == {keyring.data_key(handle, "communications").secret}
    assert DataKey.objects.filter(handle=handle).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_key_made_while_it_is_destroyed_stays_destroyed() -> None:
    keyring.open_store()
    for _ in range(TRIALS):
        handle = uuid4()
        at_once(
            lambda handle=handle: keyring.data_key(handle, "identity"),
            lambda handle=handle: keyring.destroy(handle),
            lambda handle=handle: keyring.data_key(handle, "media"),
        )
        keyring.forget_cached()
        assert not DataKey.objects.filter(handle=handle, destroyed_at__isnull=True).exists()
        assert set(DataKey.objects.filter(handle=handle).values_list("wrapped", flat=True)) == {b""}
        with pytest.raises(keyring.KeyDestroyed):
            keyring.data_key(handle, "identity")


@pytest.mark.django_db(transaction=True)
def test_the_first_two_processes_agree_on_one_root_key(settings: Any, tmp_path: Path) -> None:
    settings.ROOT_KEY = f"file:{tmp_path / 'own' / 'root.key'}"
    keyring.forget_cached()
    handle = uuid4()

    at_once(*[lambda: keyring.data_key(handle, "identity")] * 4)

    keyring.forget_cached()
    assert len(keyring.data_key(handle, "identity").secret) == 32
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == ["root.key"]


@pytest.mark.django_db(transaction=True)
def test_a_key_is_kept_though_the_datas_transaction_is_not() -> None:
    handle = uuid4()
    with transaction.atomic():
        made = keyring.data_key(handle, "identity")
        transaction.set_rollback(True)
    keyring.forget_cached()
    assert keyring.data_key(handle, "identity").secret == made.secret


# -- Keys of the site, and blind indexes -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_site_key_stays_and_differs_by_name() -> None:
    one, other = keyring.site_key("sessions"), keyring.site_key("blind.login")
    keyring.forget_cached()
    assert (keyring.site_key("sessions"), keyring.site_key("blind.login")) == (one, other)
    assert one != other
    assert len(one) == 32


@pytest.mark.django_db
def test_a_blind_index_finds_and_tells_nothing() -> None:
    index = keyring.blind("blind.login", "vi@example.org")
    assert index == keyring.blind("blind.login", "vi@example.org")
    assert index != keyring.blind("blind.login", "max@example.org")
    assert index != keyring.blind("blind.suppression", "vi@example.org")  # the two lists cannot be compared
    assert len(bytes.fromhex(index)) == 16


@pytest.mark.django_db
def test_keys_lie_in_a_database_of_their_own() -> None:
    assert DataKey.objects.db == SiteKey.objects.db == keyring.ALIAS
    assert DataKey._meta.db_table not in connections["default"].introspection.table_names()
    assert "privacy_subject" not in connections[keyring.ALIAS].introspection.table_names()
