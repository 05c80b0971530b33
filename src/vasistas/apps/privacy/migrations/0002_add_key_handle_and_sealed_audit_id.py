"""Room for a handle of each person's keys, and for the sealed audit number beside the open one."""

import uuid

from django.db import migrations, models

import vasistas.guard.sealed


class Migration(migrations.Migration):

    dependencies = [("privacy", "0001_initial")]

    operations = [
        migrations.RenameField("subject", "audit_id", "audit_id_open"),
        migrations.AlterField("subject", "audit_id_open", models.UUIDField(editable=False, null=True)),
        migrations.AddField("subject", "row_key", models.UUIDField(default=uuid.uuid4, editable=False, null=True)),
        migrations.AddField("subject", "key_handle", models.UUIDField(editable=False, null=True)),
        migrations.AddField(
            "subject", "audit_id", vasistas.guard.sealed.SealedText(chars_max=36, key_class="identity", null=True)
        ),
    ]
