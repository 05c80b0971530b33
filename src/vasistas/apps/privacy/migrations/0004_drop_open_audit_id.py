"""Audit numbers rest sealed alone."""

import uuid

from django.db import migrations, models

import vasistas.guard.sealed


class Migration(migrations.Migration):

    dependencies = [("privacy", "0003_seal_audit_ids")]

    operations = [
        migrations.RemoveField("subject", "audit_id_open"),
        migrations.AlterField("subject", "row_key", models.UUIDField(default=uuid.uuid4, editable=False)),
        migrations.AlterField("subject", "key_handle", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
        migrations.AlterField(
            "subject", "audit_id", vasistas.guard.sealed.SealedText(chars_max=36, key_class="identity")
        ),
    ]
