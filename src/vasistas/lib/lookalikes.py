"""Names that read the same to the eye: one key for all spellings of one name.

Small and deliberate, not Unicode's full table of confusables (UTS #39): the letters of Cyrillic and Greek that pass for
Latin ones, accents, case and separators; and, for words nobody may pass for, digits that pass for letters.
"""

import unicodedata

_TWINS = "аa вb еe кk мm нh оo рp сc тt уy хx іi їi јj ѕs ԁd һh ӏl αa βb εe ηn ιi κk μm νv οo ρp τt υu χx ıi łl øo đd"
_LATIN_TWINS = {ord(pair[0]): pair[1] for pair in _TWINS.split()}
_LETTER_TWINS = str.maketrans("01l345789", "oiieastbg")


def key(name: str) -> str:
    """Return what two names share when an eye takes one for the other: case, accents, twins and separators are gone."""
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_LATIN_TWINS)
    bare = unicodedata.normalize("NFKD", folded).translate(_LATIN_TWINS)
    return "".join(letter for letter in bare if letter.isalnum())


def loose_key(name: str) -> str:
    """Return `key` with digits read as letters as well (`4dm1n`), to compare with words nobody may pass for."""
    return key(name).translate(_LETTER_TWINS).replace("rn", "m").replace("vv", "w")
