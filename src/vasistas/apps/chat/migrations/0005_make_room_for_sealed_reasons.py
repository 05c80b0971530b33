"""Expand: sealed reasons beside the clear ones."""

import uuid

from django.db import migrations, models

from vasistas.guard.sealed import SealedText


def clear():
    return models.CharField(max_length=200, null=True)


def sealed(**options):
    return SealedText(key_class="communications", chars_max=200, blank=True, **options)


class Migration(migrations.Migration):

    dependencies = [("chat", "0004_forget_clear_words")]

    operations = [
        migrations.RenameField("message", "deleted_reason", "clear_reason"),
        migrations.AlterField("message", "clear_reason", clear()),
        migrations.AddField("message", "deleted_reason", sealed(null=True)),
        migrations.AddField("mute", "row_key", models.UUIDField(default=uuid.uuid4, editable=False)),
        migrations.RenameField("mute", "reason", "clear_reason"),
        migrations.AlterField("mute", "clear_reason", clear()),
        migrations.AddField("mute", "reason", sealed(null=True)),
    ]
