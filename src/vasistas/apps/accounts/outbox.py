"""Placeholder of the outbox; replaced with the accounts work."""

from django.core.mail.backends.console import EmailBackend as OutboxBackend  # noqa: F401
