"""Take what was dropped out of the database files too: clear words, clear addresses, open audit numbers."""

from django.db import migrations

from vasistas.guard import moves

TABLES = ("accounts_member", "account_emailaddress", "chat_message", "privacy_subject")


def rewrite(apps, schema_editor):
    moves.rewrite(schema_editor.connection, apps.get_model("accounts", "Member"), *TABLES)


class Migration(migrations.Migration):

    atomic = False
    dependencies = [("chat", "0004_forget_clear_words")]

    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop)]
