"""Sites that stand already: their clear words and addresses are sealed in place, and nothing of them stays behind."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from tests.factories.dumps import everything_stored
from vasistas.apps.accounts.models import Member
from vasistas.apps.chat.models import Message, Mute
from vasistas.apps.rooms.models import Ban
from vasistas.guard import moves
from vasistas.guard.sessions import SessionStore

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "keys"])

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
OLD = [("chat", "0001_initial"), ("rooms", "0001_initial"), ("accounts", "0001_initial")]


@pytest.fixture
def old_models() -> Iterator[Any]:
    """The models of a site of the release before; afterwards the site is of today again, and empty."""
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    executor.migrate(OLD)
    others = [node for node in latest if node[0] in {"privacy", "account"}]
    try:
        yield MigrationExecutor(connection).loader.project_state([*OLD, *others]).apps
    finally:
        MigrationExecutor(connection).migrate(latest)


def make_old_rows(apps: Any, count: int) -> None:
    """`count` people, each with an address, allauth's copy of it, a line in the first one's room, a mute and a ban."""
    labels = ("privacy.Subject", "accounts.Member", "account.EmailAddress", "chat.Message", "chat.Mute", "rooms.Ban")
    create = {label: apps.get_model(label).objects.create for label in labels}
    room = None
    for number in range(count):
        name, address = f"Guest {number}", f"planted.{number}@weir.example"
        member = create["accounts.Member"](
            subject=create["privacy.Subject"](kind="member", created_at=NOW),
            email=address,
            display_name=name,
            name_key=name,
            date_joined=NOW,
        )
        create["account.EmailAddress"](user=member, email=address, verified=True, primary=True)
        room = room or make_old_room(apps, member)
        words, reason = f"kingfisher {number} 🐦", f"heron {number}" if number else ""
        create["chat.Message"](room=room, author=member, role="member", text=words, said_at=NOW, deleted_reason=reason)
        create["chat.Mute"](room=room, member=member, reason=reason, at=NOW, until=NOW)
        create["rooms.Ban"](room=room, member=member, reason=reason, at=NOW)


def make_old_room(apps: Any, member: Any) -> Any:
    host = apps.get_model("providers.Host").objects.create(member=member, agreed_at=NOW)
    times = {"state_at": NOW, "created_at": NOW}
    return apps.get_model("rooms.Room").objects.create(host=host, slug="weir", title="Weir", category="nature", **times)


def table_files(*tables: str) -> bytes:
    """The files of tables as PostgreSQL keeps them: dropped columns and dead rows too."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(
            "SELECT string_agg(pg_read_binary_file(pg_relation_filepath(name::regclass)), '')"
            " FROM unnest(%s::text[]) name",
            [list(tables)],
        )
        return bytes(cursor.fetchone()[0])


def test_clear_rows_are_sealed_where_they_are(old_models: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "BATCH_ROWS", 2)  # so that there are several
    make_old_rows(old_models, 5)
    open_session = signing.dumps({"account_email_verification_code": {"email": "planted@weir.example"}})
    Session.objects.create(session_key="open", session_data=open_session, expire_date=NOW)
    sealed_session = SessionStore()
    sealed_session.create()
    assert b"kingfisher" in everything_stored()
    assert b"@weir.example" in everything_stored()

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())

    assert [member.email for member in Member.objects.order_by("pk")] == [
        f"planted.{number}@weir.example" for number in range(5)
    ]
    assert all(row.email == row.user.email for row in EmailAddress.objects.select_related("user"))
    assert Member.objects.get(email="PLANTED.3@weir.example").display_name == "Guest 3"
    assert [message.text for message in Message.objects.order_by("pk")] == [f"kingfisher {n} 🐦" for n in range(5)]
    reasons = ["", *(f"heron {number}" for number in range(1, 5))]
    assert [message.deleted_reason for message in Message.objects.order_by("pk")] == reasons
    assert [mute.reason for mute in Mute.objects.order_by("pk")] == reasons
    assert [ban.reason for ban in Ban.objects.order_by("pk")] == reasons
    for model in (Member, EmailAddress, Message, Mute, Ban):
        assert len(set(model.objects.values_list("row_key", flat=True))) == 5
    assert [session.session_key for session in Session.objects.all()] == [sealed_session.session_key]
    for alias in connections:
        stored = everything_stored(alias)
        assert b"kingfisher" not in stored
        assert b"heron" not in stored
        assert b"weir.example" not in stored
    if connection.vendor == "postgresql":
        files = table_files("accounts_member", "account_emailaddress", "chat_message", "chat_mute", "rooms_ban")
        assert b"Guest 3" in files  # the search can find
        assert b"weir.example" not in files
        assert b"kingfisher" not in files
        assert b"heron" not in files


def test_seals_can_be_taken_back(old_models: Any) -> None:
    make_old_rows(old_models, 2)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())

    MigrationExecutor(connection).migrate(OLD)

    def stored(label: str, field: str) -> list[str]:
        return list(old_models.get_model(label).objects.order_by("pk").values_list(field, flat=True))

    addresses = [f"planted.{number}@weir.example" for number in range(2)]
    assert stored("accounts.Member", "email") == stored("account.EmailAddress", "email") == addresses
    assert stored("chat.Message", "text") == ["kingfisher 0 🐦", "kingfisher 1 🐦"]
    for label, field in (("chat.Message", "deleted_reason"), ("chat.Mute", "reason"), ("rooms.Ban", "reason")):
        assert stored(label, field) == ["", "heron 1"]
