"""Keys live in a database of their own; everything else does not."""

from typing import Any

ALIAS = "keys"
LABEL = "keyring"


class KeysApart:
    """Django's database router: the app "keyring" to the alias "keys", and nothing else there."""

    def db_for_read(self, model: Any, **_hints: Any) -> str | None:
        return ALIAS if model._meta.app_label == LABEL else None

    def db_for_write(self, model: Any, **_hints: Any) -> str | None:
        return self.db_for_read(model)

    def allow_migrate(self, db: str, app_label: str, **_hints: Any) -> bool | None:
        return (db == ALIAS) == (app_label == LABEL)
