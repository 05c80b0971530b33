"""Seal each reason with the key of the one it is about."""

from django.db import migrations

from vasistas.guard import moves

MOVES = {
    "Message": moves.Move("clear_reason", "deleted_reason", "author__subject", is_first=False),
    "Mute": moves.Move("clear_reason", "reason", "member__subject"),
}


def seal(apps, schema_editor):
    for name, move in MOVES.items():
        moves.seal(apps.get_model("chat", name), move)


def unseal(apps, schema_editor):
    for name, move in MOVES.items():
        moves.unseal(apps.get_model("chat", name), move)


class Migration(migrations.Migration):

    dependencies = [("chat", "0005_make_room_for_sealed_reasons")]

    operations = [migrations.RunPython(seal, unseal)]
