"""Seal each reason with the key of the one it is about."""

from django.db import migrations

from vasistas.guard import moves

MOVE = moves.Move("clear_reason", "reason", "member__subject")


def seal(apps, schema_editor):
    moves.seal(apps.get_model("rooms", "Ban"), MOVE)


def unseal(apps, schema_editor):
    moves.unseal(apps.get_model("rooms", "Ban"), MOVE)


class Migration(migrations.Migration):

    dependencies = [("rooms", "0002_make_room_for_sealed_reasons")]

    operations = [migrations.RunPython(seal, unseal)]
