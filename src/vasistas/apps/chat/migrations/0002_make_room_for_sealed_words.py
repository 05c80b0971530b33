"""Expand: sealed words beside the clear ones. The sealed column has its final name at once: seals are bound to it."""

import uuid

from django.db import migrations, models

from vasistas.guard.sealed import SealedText


class Migration(migrations.Migration):

    dependencies = [("chat", "0001_initial"), ("accounts", "0004_forget_clear_addresses")]

    operations = [
        migrations.AddField("message", "row_key", models.UUIDField(default=uuid.uuid4, editable=False)),
        migrations.RenameField("message", "text", "clear_text"),
        migrations.AlterField("message", "clear_text", models.CharField(max_length=300, null=True)),
        migrations.AddField("message", "text", SealedText(key_class="communications", chars_max=300, null=True)),
    ]
