"""Text in the letters that banks carry."""

from text_unidecode import unidecode

NAME_CHARS_MAX = 70  # ISO 20022, of a creditor's name in SEPA
REMITTANCE_CHARS_MAX = 140
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")


def sepa_text(text: str, chars_max: int) -> str:
    """Text in the letters that SEPA carries (EPC217-08), cut to length; empty where nothing of it can be written so."""
    plain = unidecode(text.replace("&", "+").replace("@", "(at)"))
    kept = "".join(one if one in _LETTERS else " " for one in plain)
    return " ".join(kept.split())[:chars_max].strip(" /-")
