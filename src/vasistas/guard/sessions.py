"""Sessions in the database: loaded under their own purpose wherever `request.session` is first asked for, and stored
encrypted, so that a copy of the database tells neither what is in them nor whose they are.

A session of another engine, of another site key or moved to another row is as good as none: its holder signs in again.
"""

import base64
import binascii
import logging
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.contrib.sessions.backends import db
from django.contrib.sessions.serializers import JSONSerializer

from vasistas.guard import keyring
from vasistas.guard.purposes import processing

NONCE_BYTES = 12  # RFC 5116: AES-GCM

logger = logging.getLogger(__name__)


class SessionStore(db.SessionStore):
    load = processing("session")(db.SessionStore.load)
    save = processing("session")(db.SessionStore.save)
    exists = processing("session")(db.SessionStore.exists)
    delete = processing("session")(db.SessionStore.delete)

    @classmethod
    @processing("retention")
    def clear_expired(cls) -> None:
        super().clear_expired()

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Return nonce | ciphertext | tag in base64, bound to the session's key."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = _cipher().encrypt(nonce, JSONSerializer().dumps(session_dict), self._bound_to())
        return base64.b64encode(nonce + sealed).decode()

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """Return what is in it; nothing when it is not ours to read."""
        try:
            sealed = base64.b64decode(session_data, validate=True)
            clear = _cipher().decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._bound_to())
        except (InvalidTag, ValueError, binascii.Error):
            logger.warning("sessions.unreadable")
            return {}
        return dict(JSONSerializer().loads(clear))

    def _bound_to(self) -> bytes:
        return (self.session_key or "").encode()


def _cipher() -> AESGCM:
    return AESGCM(keyring.site_key("sessions"))
