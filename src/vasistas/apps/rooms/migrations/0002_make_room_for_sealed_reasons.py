"""Expand: a sealed reason beside each clear one."""

import uuid

from django.db import migrations, models

from vasistas.guard.sealed import SealedText


class Migration(migrations.Migration):

    dependencies = [("rooms", "0001_initial"), ("accounts", "0004_forget_clear_addresses")]

    operations = [
        migrations.AddField("ban", "row_key", models.UUIDField(default=uuid.uuid4, editable=False)),
        migrations.RenameField("ban", "reason", "clear_reason"),
        migrations.AlterField("ban", "clear_reason", models.CharField(max_length=200, null=True)),
        migrations.AddField(
            "ban", "reason", SealedText(key_class="communications", chars_max=200, blank=True, null=True)
        ),
    ]
