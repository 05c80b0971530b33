"""Give each subject a handle, and seal its audit number with the key of that handle. Can be run again."""

import uuid

from django.db import migrations

from vasistas.guard import keyring
from vasistas.guard.purposes import processing

BATCH = 500


def batches(rows):
    while found := list(rows.order_by("pk")[:BATCH]):
        yield found


def seal(apps, schema_editor):
    Subject = apps.get_model("privacy", "Subject")
    field = Subject._meta.get_field("audit_id")
    with processing("audit"):
        for found in batches(Subject.objects.filter(audit_id__isnull=True)):
            for row in found:
                row.row_key, row.key_handle = uuid.uuid4(), uuid.uuid4()
                key = keyring.data_key(row.key_handle, field.key_class)
                sealed = field.seal_with(key, row, str(row.audit_id_open))
                Subject.objects.filter(pk=row.pk).update(
                    row_key=row.row_key, key_handle=row.key_handle, audit_id=sealed
                )


def open_again(apps, schema_editor):
    Subject = apps.get_model("privacy", "Subject")
    with processing("audit"):
        for found in batches(Subject.objects.filter(audit_id__isnull=False)):
            for row in found:
                Subject.objects.filter(pk=row.pk).update(
                    audit_id_open=uuid.UUID(row.audit_id), audit_id=None
                )


class Migration(migrations.Migration):

    dependencies = [("privacy", "0002_add_key_handle_and_sealed_audit_id")]

    operations = [migrations.RunPython(seal, open_again)]
