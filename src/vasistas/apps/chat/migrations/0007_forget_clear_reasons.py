"""Contract: the clear reasons go."""

from django.db import migrations

from vasistas.guard.sealed import SealedText


def sealed():
    return SealedText(key_class="communications", chars_max=200, blank=True)


class Migration(migrations.Migration):

    dependencies = [("chat", "0006_seal_reasons")]

    operations = [
        migrations.RemoveField("message", "clear_reason"),
        migrations.AlterField("message", "deleted_reason", sealed()),
        migrations.RemoveField("mute", "clear_reason"),
        migrations.AlterField("mute", "reason", sealed()),
    ]
