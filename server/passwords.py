"""Hashes and checks passwords with argon2id; whose they are, and how often they may be tried, is decided elsewhere."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_hex())


def hash_password(password: str) -> str:
    """A line for the directory, in PHC form; another one every time. Takes some tens of milliseconds."""
    return _HASHER.hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether it is the password. None (no such user) takes as long as a wrong password does."""
    try:
        return _HASHER.verify(password_hash or _NOBODY, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False
