"""Take what was dropped out of the database files too: clear words, addresses, reasons, sessions, open audit numbers."""

from django.db import migrations

from vasistas.guard import moves

TABLES = (
    "accounts_member",
    "account_emailaddress",
    "chat_message",
    "chat_mute",
    "django_session",
    "privacy_subject",
    "rooms_ban",
)


def rewrite(apps, schema_editor):
    moves.rewrite(schema_editor.connection, apps.get_model("accounts", "Member"), *TABLES)


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ("chat", "0007_forget_clear_reasons"),
        ("rooms", "0004_forget_clear_reasons"),
        ("accounts", "0005_end_open_sessions"),
    ]

    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop)]
