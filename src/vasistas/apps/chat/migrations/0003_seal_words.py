"""Seal each line with its author's key."""

from django.db import migrations

from vasistas.guard import moves

MOVE = moves.Move("clear_text", "text", "author__subject")


def seal(apps, schema_editor):
    moves.seal(apps.get_model("chat", "Message"), MOVE)


def unseal(apps, schema_editor):
    moves.unseal(apps.get_model("chat", "Message"), MOVE)


class Migration(migrations.Migration):

    dependencies = [("chat", "0002_make_room_for_sealed_words")]

    operations = [migrations.RunPython(seal, unseal)]
