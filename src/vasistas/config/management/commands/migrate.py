"""Django's migrate, as the operator's act: one run, one purpose, one entry in the read log at its end."""

import sys
from typing import Any

from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connection

from vasistas.config import key_store
from vasistas.config.failure import CommandFailed
from vasistas.guard import keyring
from vasistas.guard.purposes import Actor, Silent, processing, scope
from vasistas.guard.reads.models import Entry

OPERATOR = Actor("operator")


class Command(migrate.Command):
    def run_from_argv(self, argv: list[str]) -> None:
        """From the command line: the key store first, for migrations of the data may seal."""
        options, _rest = self.create_parser(argv[0], argv[1]).parse_known_args(argv[2:])
        if options.database == DEFAULT_DB_ALIAS and not (options.plan or options.check_unapplied):
            try:
                key_store.prepare()
            except (CommandFailed, keyring.RootKeyFault) as fault:
                sys.exit(f"vasistas: {fault}")
        super().run_from_argv(argv)

    def handle(self, *args: Any, **options: Any) -> None:
        with scope(lambda: OPERATOR) as opened, processing("maintain", reason="migrate"):
            super().handle(*args, **options)
            if Entry._meta.db_table not in connection.introspection.table_names():
                opened.recorder = Silent()  # there is no read log yet, or no more
