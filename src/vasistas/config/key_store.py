"""Making the key store ready, before anything is sealed or opened. Needs django.setup()."""

from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from vasistas.apps.privacy.models import Subject
from vasistas.config.failure import CommandFailed
from vasistas.guard import keyring
from vasistas.guard.purposes import processing

SEALED_SINCE = ("privacy", "0003_seal_audit_ids")


def prepare(*, begin: bool = False) -> None:
    """Make its tables, prove the root key.

    Args: begin: also when the data was sealed with keys of another key store, which is lost.

    Raises: CommandFailed: the key store is empty, and the data is sealed. RootKeyFault: a missing, unsafe or wrong root
    key. Nothing was written to the data, nor any key.
    """
    call_command("migrate", keyring.LABEL, database=keyring.ALIAS, interactive=False, verbosity=0)
    if not begin and keyring.is_empty() and _is_data_sealed():
        raise CommandFailed(
            "The key store is empty, but the data is sealed with keys of another one. Is VASISTAS_KEYS_DATABASE_URL "
            "right? Otherwise restore the key store; see docs/runbooks/sealed-fields-do-not-open.md."
        )
    keyring.open_store()


def _is_data_sealed() -> bool:
    if SEALED_SINCE not in MigrationRecorder(connection).applied_migrations():
        return False
    with processing("audit"):
        return Subject.objects.exists()
