"""Seal each address with its owner's key; in its place comes the blind index."""

from django.db import migrations

from vasistas.guard import moves

MOVES = {
    ("accounts", "Member"): moves.Move("email", "email_sealed", "subject", index="email_index"),
    ("account", "EmailAddress"): moves.Move("email", "email_sealed", "user__subject", index="email"),
}


def seal(apps, schema_editor):
    for label, move in MOVES.items():
        moves.seal(apps.get_model(*label), move)


def unseal(apps, schema_editor):
    for label, move in MOVES.items():
        moves.unseal(apps.get_model(*label), move)


class Migration(migrations.Migration):

    dependencies = [("accounts", "0002_make_room_for_sealed_addresses")]

    operations = [migrations.RunPython(seal, unseal)]
