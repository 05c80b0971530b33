"""Wrapped keys. Rows hold random handles, and nothing that leads to a person without the data store."""

from typing import ClassVar

from django.db import models

from vasistas.guard.declarations import declare, not_personal

NAME_CHARS_MAX = 64


class KeyClass(models.TextChoices):
    """What a person's keys are kept apart for: each class can be destroyed or handed over alone."""

    IDENTITY = "identity"
    COMMUNICATIONS = "communications"
    SUPPORT = "support"
    MEDIA = "media"


class DataKey(models.Model):
    """One AES-256 key, wrapped by version `root_version` of the root key; `id` is 16 random bytes.

    A destroyed key stays as tombstone, with `wrapped` empty: the unique pair keeps a new one from being made.
    """

    id = models.UUIDField(primary_key=True)
    handle = models.UUIDField(editable=False)
    key_class = models.CharField(max_length=16, choices=KeyClass)
    wrapped = models.BinaryField()
    root_version = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["handle", "key_class"], name="keyring_key_once"),
            models.CheckConstraint(
                condition=models.Q(destroyed_at__isnull=True) | models.Q(wrapped=b""), name="keyring_destroyed_is_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"data key {self.pk}"


class SiteKey(models.Model):
    """A key of the site itself (blind indexes, sessions), by name; wrapped like a data key."""

    name = models.CharField(max_length=NAME_CHARS_MAX, primary_key=True)
    wrapped = models.BinaryField()
    root_version = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"site key {self.pk}"


_RANDOM = "random; the data store alone knows whose it is"

declare(
    "keyring.DataKey",
    None,
    handle=not_personal(_RANDOM),
    key_class=not_personal("a kind"),
    wrapped=not_personal("a key, encrypted"),
    root_version=not_personal("a number of the root key"),
    created_at=not_personal("the age of a key, of nobody without the data store"),
    destroyed_at=not_personal("the age of a tombstone, of nobody without the data store"),
)
declare(
    "keyring.SiteKey",
    None,
    name=not_personal("code"),
    wrapped=not_personal("a key, encrypted"),
    root_version=not_personal("a number of the root key"),
    created_at=not_personal("the age of a key of the site"),
)
