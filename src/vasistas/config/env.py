"""Typed readers of environment variables that fail loudly, with the name, the value's fault and the remedy."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

PREFIX = "VASISTAS_"
SECRET_BYTES = 48
SECRET_CHARS_MIN = 32


def text(name: str, default: str) -> str:
    return os.environ.get(PREFIX + name, default)


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(PREFIX + name, "yes" if default else "no").lower()
    if value not in {"yes", "no", "true", "false", "1", "0"}:
        raise ImproperlyConfigured(f"{PREFIX}{name} is {value!r}; set it to yes or no.")
    return value in {"yes", "true", "1"}


def integer(name: str, default: int, *, low: int, high: int) -> int:
    value = os.environ.get(PREFIX + name, str(default))
    if not value.isdecimal() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{PREFIX}{name} is {value!r}; set it to a whole number from {low} to {high}.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def integers(name: str, default: tuple[int, ...]) -> list[int]:
    """Whole numbers above zero, separated by commas."""
    given = words(name) or [str(number) for number in default]
    if not all(word.isdecimal() and int(word) for word in given):
        raise ImproperlyConfigured(f"{PREFIX}{name} is {', '.join(given)!r}; set it to whole numbers above zero.")
    return [int(word) for word in given]


def one_of(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = os.environ.get(PREFIX + name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{PREFIX}{name} is {value!r}; set it to {' or '.join(choices)}.")
    return value


def secret(name: str, *, data: Path) -> str:
    """Read a secret from NAME, from the file named by NAME_FILE, or from `data`, where it is made on first use."""
    if value := os.environ.get(PREFIX + name):
        return _long_enough(name, value)
    named = os.environ.get(f"{PREFIX}{name}_FILE")
    path = Path(named) if named else data / "secrets" / name.lower()
    if named and not path.is_file():
        raise ImproperlyConfigured(f"{PREFIX}{name}_FILE names no file: {named}. Create it or unset the variable.")
    if not path.is_file():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fresh, "w") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES))
    return _long_enough(name, path.read_text().strip())


def given(name: str, *, for_: str = "VASISTAS_PAYMENT_PROVIDERS", see: str = "docs/payments.md") -> str:
    """Read what somebody else gave, a provider's key or number, from NAME or from the file named by NAME_FILE.

    Args: for_: the setting that asks for it. see: where that is told.
    """
    value = os.environ.get(PREFIX + name, "")
    if path := os.environ.get(f"{PREFIX}{name}_FILE"):
        if not Path(path).is_file():
            raise ImproperlyConfigured(f"{PREFIX}{name}_FILE names no file: {path}. Create it or unset the variable.")
        value = Path(path).read_text()
    if not value.strip():
        raise ImproperlyConfigured(f"{PREFIX}{name} is not set; {for_} asks for it. See {see}.")
    return value.strip()


def _long_enough(name: str, value: str) -> str:
    """Refuse what can be guessed, and the empty file of a disk that was full: with it anyone could sign."""
    if len(value) < SECRET_CHARS_MIN:
        raise ImproperlyConfigured(
            f"{PREFIX}{name} has {len(value)} characters; give it {SECRET_CHARS_MIN} random ones or more."
        )
    return value
