"""Who a visitor is: proven user ids, session tokens, and texts without control characters. Pure."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")


def proof_of(secret: str, user_id: str, attributes: Mapping[str, str] | None = None) -> str:
    """What the embedding site's server puts beside a user id: HMAC-SHA256 (RFC 2104) of it, as lower-case hex.

    With attributes a line `key=value` for each follows the id, sorted by key.
    """
    lines = [user_id, *(f"{key}={value}" for key, value in sorted((attributes or {}).items()))]
    return hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def proven(secret: str, user_id: str, proof: str, attributes: Mapping[str, str] | None = None) -> bool:
    """Whether the proof is right, in constant time; never with an empty secret."""
    wanted = proof_of(secret, user_id, attributes)
    return bool(secret) and hmac.compare_digest(wanted.encode(), proof.lower().encode())


def token_for(secret: str, key: str) -> str:
    """The session token of the chat that was opened with this key.

    It follows from the key, so that opening again after a lost answer gives the same chat and the same token; whoever
    does not know the key (128 random bits, made by the visitor's browser) cannot know the token.
    """
    digest = hmac.new(secret.encode(), b"jackfield chat session\0" + key.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def hash_of(token: str) -> str:
    """What is kept of a token. A plain hash is enough for 256 bits that cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def clean(text: str) -> str:
    """The text without control characters (line feed and tab stay) and without blank ends; markup stays as it is."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
