"""Tokens: short-lived JWTs, and secrets that are kept as hashes only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
import uuid
from dataclasses import dataclass
from typing import Final

import jwt

ISSUER: Final = "atelier"
AUDIENCE: Final = "atelier-api"
ACCESS_SECONDS: Final = 15 * 60

_ALGORITHM: Final = "HS256"
_CLAIMS: Final = ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "role", "ver"]


@dataclass(frozen=True)
class Claims:
    """What an access token says."""

    user_id: int
    session_id: str
    role: str
    version: int


class AccessTokens:
    """Makes access tokens and reads them."""

    def __init__(self, secret_key: str) -> None:
        # Each use of the secret has a key of its own: what is signed for one is nothing for another.
        self._key = hashlib.sha256(b"access:" + secret_key.encode()).digest()

    def make(self, claims: Claims) -> str:
        """Return a token that is good for the next 15 minutes."""
        now = int(time.time())
        content = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(claims.user_id),
            "sid": claims.session_id,
            "jti": uuid.uuid4().hex,
            "iat": now,
            "exp": now + ACCESS_SECONDS,
            "role": claims.role,
            "ver": claims.version,
        }
        return jwt.encode(content, self._key, _ALGORITHM, headers={"typ": "at+jwt"})

    def read(self, token: str) -> Claims | None:
        """Return what a token says, or None when it is not ours, not for us, or past its time."""
        try:
            if jwt.get_unverified_header(token).get("typ") != "at+jwt":
                return None
            content = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": _CLAIMS},
            )
            return Claims(
                user_id=int(content["sub"]),
                session_id=str(uuid.UUID(content["sid"])),
                role=str(content["role"]),
                version=int(content["ver"]),
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            return None


def new_secret() -> str:
    """Return a secret that nobody can guess: 256 bits."""
    return secrets.token_urlsafe(32)


class Digests:
    """What is kept of such secrets; long random texts need no slow hash.

    The server's own secret is a part of it: with another one, none that is out is good any more.
    """

    def __init__(self, secret_key: str) -> None:
        self._key = hashlib.sha256(b"digest:" + secret_key.encode()).digest()

    def of(self, secret: str) -> bytes:
        """Return the digest of a secret."""
        return self.keyed(hashlib.sha256(secret.encode()).digest())

    def keyed(self, plain: bytes) -> bytes:
        """Return the digest of a secret of which the SHA-256 is kept, as earlier releases did."""
        return hmac.digest(self._key, plain, "sha256")


class Seal:
    """Signs short texts, each use with a key of its own."""

    def __init__(self, secret_key: str, use: str) -> None:
        self._key = hashlib.sha256(f"{use}:".encode() + secret_key.encode()).digest()

    def of(self, text: str) -> str:
        """Return the seal of a text."""
        return hmac.digest(self._key, text.encode(), "sha256").hex()

    def fits(self, text: str, seal: str) -> bool:
        """Tell whether a seal is the one of a text."""
        return hmac.compare_digest(self.of(text).encode(), seal.encode())


class FormTokens:
    """CSRF tokens: for one session, another one each time, so that compression gives nothing away."""

    def __init__(self, secret_key: str) -> None:
        self._seal = Seal(secret_key, "form")

    def make(self, session: str) -> str:
        """Return a token for the forms of a session."""
        salt = secrets.token_hex(8)
        return f"{salt}.{self._seal.of(f'{salt}.{session}')}"

    def fits(self, session: str, token: str) -> bool:
        """Tell whether a token was made for a session."""
        salt, _, seal = token.partition(".")
        return bool(seal) and self._seal.fits(f"{salt}.{session}", seal)
