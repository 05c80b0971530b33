"""The product's command: `vasistas demo | serve | web | media | worker | manage …`."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vasistas.config.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(sys.argv[1:] if sys.argv[1:2] == ["manage"] else sys.argv)
