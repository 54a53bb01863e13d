"""Access tokens: a signed word of the server that stands for a user for some hours; pure.

A token carries a fingerprint of the password hash that it was given for, so that a changed password makes it void.
"""

import hashlib
import hmac
from dataclasses import dataclass

import jwt

LIFETIME = 12 * 3600.0
"""Seconds."""
_ALGORITHM = "HS256"
_ISSUER = "dialbridge"


class TokenExpired(Exception):
    """The token was good once."""


class TokenInvalid(Exception):
    """The token was never good, or has been made void."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, once its signature has been checked."""

    user_name: str
    fingerprint: str
    expires_at: float


def fingerprint(key: bytes, password_hash: str) -> str:
    """What ties a token to a password without telling anything of it."""
    return hmac.new(key, password_hash.encode(), hashlib.sha256).hexdigest()[:32]


def issue(key: bytes, user_name: str, password_hash: str, now: float) -> tuple[str, float]:
    """A token, and when it ends in seconds since the epoch."""
    expires_at = float(int(now + LIFETIME))
    claims = {
        "iss": _ISSUER,
        "sub": user_name,
        "iat": int(now),
        "exp": int(expires_at),
        "pwd": fingerprint(key, password_hash),
    }
    return jwt.encode(claims, key, algorithm=_ALGORITHM), expires_at


def verify(key: bytes, token: str, now: float) -> Claims:
    """What the token says. Raises `TokenExpired` or `TokenInvalid`."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            # The time is an argument, so it is compared here.
            options={"require": ["sub", "exp", "pwd"], "verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError as error:
        raise TokenInvalid from error
    if not isinstance(claims["exp"], int) or not isinstance(claims["pwd"], str):
        raise TokenInvalid
    if claims["exp"] <= now:
        raise TokenExpired
    return Claims(claims["sub"], claims["pwd"], float(claims["exp"]))
