"""Django's migrate, as the operator's act: one run, one purpose, one entry in the read log at its end."""

from typing import Any

from django.core.management.commands import migrate

from vasistas.guard.purposes import Actor, processing, scope

OPERATOR = Actor("operator")


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with scope(lambda: OPERATOR), processing("maintain", reason="migrate"):
            super().handle(*args, **options)
