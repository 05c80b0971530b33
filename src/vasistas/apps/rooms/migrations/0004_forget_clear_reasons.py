"""Contract: the clear reasons go."""

from django.db import migrations

from vasistas.guard.sealed import SealedText


class Migration(migrations.Migration):

    dependencies = [("rooms", "0003_seal_reasons")]

    operations = [
        migrations.RemoveField("ban", "clear_reason"),
        migrations.AlterField("ban", "reason", SealedText(key_class="communications", chars_max=200, blank=True)),
    ]
