"""The text of a consent: what was shown, as a hash; and whether a consent given to it covers what it says today."""

import functools
from pathlib import Path

from django.conf import settings

from vasistas.guard.policy import differences, digests, versions
from vasistas.guard.policy.model import Consent, Policy


def text_hash(consent: Consent, language: str) -> str:
    """Return the SHA-256, in hex, of all that is shown of a switch in one language."""
    said = [words.get(language, "") for words in (consent.title, consent.words, consent.ends)]
    return digests.of([consent.key, consent.text, said, consent.categories])


def shown(policy: Policy, key: str, version: int, digest: str, language: str) -> Consent | None:
    """Return a switch as it read when `digest` was noted under `version`, or None where no file has that text."""
    for found in (policy, released(version)):
        consent = found.consents.get(key) if found else None
        if consent is not None and text_hash(consent, language) == digest:
            return consent
    return None


def covers(policy: Policy, key: str, version: int, digest: str, language: str) -> bool:
    """Whether consent to a text still covers what its switch allows today: the text is the same, or nothing in it
    widened since (guard/policy/differences.py). A text of a draft that was changed covers nothing.
    """
    now = policy.consents.get(key)
    if now is None:
        return False
    then = shown(policy, key, version, digest, language)
    return then is not None and not differences.is_wider(then, now)


def released(version: int) -> Policy | None:
    """A released version of this site's policy, or None."""
    return _released(settings.POLICY, version)


@functools.cache
def _released(folder: Path, version: int) -> Policy | None:
    return versions.get_version(folder, version)  # released files never change
