"""End the sessions that were stored unencrypted: nobody can use them any more, and some hold an address."""

from django.db import migrations

from vasistas.guard import moves


def end(apps, schema_editor):
    with moves.stated("end the sessions that were stored unencrypted"):
        # signing.dumps() writes data:time:signature; what guard.sessions writes is base64 alone.
        apps.get_model("sessions", "Session").objects.filter(session_data__contains=":").delete()


class Migration(migrations.Migration):

    dependencies = [("accounts", "0004_forget_clear_addresses"), ("sessions", "0001_initial")]

    operations = [migrations.RunPython(end, migrations.RunPython.noop)]
