"""Random names that people read out, and those that only links carry."""

import secrets

NUMBER_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without those that are taken for another
NUMBER_CHARS = 8
TOKEN_BYTES = 32
TOKEN_CHARS = 43  # the same in base64url, without padding


def new_number() -> str:
    """Eight letters and digits: of 10^12, so that a wrong one hits nobody's."""
    return "".join(secrets.choice(NUMBER_LETTERS) for _letter in range(NUMBER_CHARS))


def new_token() -> str:
    """256 random bits, which nobody can try out."""
    return secrets.token_urlsafe(TOKEN_BYTES)
