"""Seals what is written beside the warehouse: only who has PSEUDONYM_KEY can write what is taken for ours.

The key of a seal is derived slowly from PSEUDONYM_KEY and a salt of its own, so that a seal does not help to
guess that key. The key itself is in no backup.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where the seal is in a document.
_FIELD: Final = "seal"


class UnsealedError(Exception):
    """The document has no seal, as those of the first format."""


class BrokenSealError(Exception):
    """The document is not what was sealed, or it was sealed with another key."""


def sealed(kind: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a document with its seal.

    Args:
        kind: What the document is: a seal of another kind does not count.
        content: The document.
        key: PSEUDONYM_KEY.
    """
    salt = secrets.token_hex(16)
    return {**content, _FIELD: {"salt": salt, "hmac_sha256": _code(kind, content, key, salt)}}


def check(kind: str, document: Mapping[str, Any], key: str) -> None:
    """Check the seal of a document; the arguments are those of `sealed`.

    Raises:
        UnsealedError: It has none.
        BrokenSealError: It is not what was sealed with this key.
    """
    seal = document.get(_FIELD)
    if seal is None:
        raise UnsealedError
    content = {name: value for name, value in document.items() if name != _FIELD}
    try:
        expected = _code(kind, content, key, seal["salt"])
        is_ours = hmac.compare_digest(expected, seal["hmac_sha256"])
    except (KeyError, TypeError, AttributeError, ValueError):
        is_ours = False
    if not is_ours:
        raise BrokenSealError


def _code(kind: str, content: Mapping[str, Any], key: str, salt: str) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(_stretched(key, f"seal:{salt}"), f"{kind}\0{text}".encode(), "sha256").hexdigest()


def fingerprint(key: str, salt: str | None = None) -> dict[str, str]:
    """Return what shows that a key is the same without telling it."""
    salt = salt or secrets.token_hex(16)
    return {"salt": salt, "scrypt": _stretched(key, salt).hex()}


def is_key(key: str, proof: Mapping[str, str]) -> bool:
    """Whether a key is the one of a fingerprint."""
    return hmac.compare_digest(fingerprint(key, proof["salt"])["scrypt"], proof["scrypt"])


def _stretched(key: str, salt: str) -> bytes:
    """Return a key derived from another one; slow, so that trying keys is slow as well."""
    return hashlib.scrypt(key.encode(), salt=salt.encode(), n=2**14, r=8, p=1)
