"""Contract: the clear words go."""

from django.db import migrations

from vasistas.guard.sealed import SealedText


class Migration(migrations.Migration):

    dependencies = [("chat", "0003_seal_words")]

    operations = [
        migrations.RemoveField("message", "clear_text"),
        migrations.AlterField("message", "text", SealedText(key_class="communications", chars_max=300)),
    ]
