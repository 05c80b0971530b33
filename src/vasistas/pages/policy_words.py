"""What the pages of the policy say around its clauses, in each of its languages.

Written out here and not in a catalogue: the policy is published in languages in which the rest of the site is not.
"""

import re
from collections.abc import Mapping

from vasistas.pages import policy_words_en, policy_words_fr

WORDS = {"en": policy_words_en.WORDS, "fr": policy_words_fr.WORDS}
NATIVE = {"en": "English", "fr": "Français"}
DEFAULT = "en"
_HIGH_SIGNS = re.compile(r" (?=[;:?!»])")


def said(words: Mapping[str, str], language: str) -> str:
    """Return the words in `language`, or in the first there is; in French no line breaks before a high sign."""
    text = words.get(language) or next(iter(words.values()), "")
    return _HIGH_SIGNS.sub("\N{NO-BREAK SPACE}", text) if language == "fr" else text


def face_words(key: str, language: str) -> str:
    """Return what the pages say for `key`. A language that has no words of its own is spoken to in English."""
    return said({one: WORDS[one][key] for one in (language, DEFAULT) if one in WORDS}, language)
