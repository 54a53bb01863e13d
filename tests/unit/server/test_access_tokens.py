"""Access tokens."""

import jwt
import pytest

from server.access_tokens import LIFETIME, TokenExpired, TokenInvalid, fingerprint, issue, verify

KEY = b"k" * 32
NOW = 1_000_000.5


def test_a_token_says_whom_it_stands_for_and_until_when():
    token, expires_at = issue(KEY, "agent1", "hash", NOW)
    claims = verify(KEY, token, NOW + 1)
    assert (claims.user_name, claims.expires_at) == ("agent1", expires_at)
    assert claims.fingerprint == fingerprint(KEY, "hash") != fingerprint(KEY, "other hash")
    assert NOW + LIFETIME - 1 <= expires_at <= NOW + LIFETIME


def test_a_token_ends():
    token, expires_at = issue(KEY, "agent1", "hash", NOW)
    with pytest.raises(TokenExpired):
        verify(KEY, token, expires_at)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "garbage",
        issue(b"o" * 32, "agent1", "hash", NOW)[0],
        jwt.encode({"sub": "agent1", "exp": 2_000_000, "pwd": "", "iss": "dialbridge"}, "", algorithm="none"),
        jwt.encode({"sub": "agent1", "exp": 2_000_000, "pwd": "", "iss": "dialbridge"}, KEY * 2, algorithm="HS512"),
        jwt.encode({"sub": "agent1", "exp": 2_000_000, "pwd": "", "iss": "somebody"}, KEY, algorithm="HS256"),
        jwt.encode({"sub": "agent1", "exp": 2_000_000, "iss": "dialbridge"}, KEY, algorithm="HS256"),
        jwt.encode({"sub": "agent1", "exp": "late", "pwd": "", "iss": "dialbridge"}, KEY, algorithm="HS256"),
    ],
)
def test_what_this_key_did_not_sign_in_this_way_is_invalid(token):
    with pytest.raises(TokenInvalid):
        verify(KEY, token, NOW)


def test_a_token_that_was_tampered_with_is_invalid():
    token, _ = issue(KEY, "agent1", "hash", NOW)
    head, body, signature = token.split(".")
    with pytest.raises(TokenInvalid):
        verify(KEY, ".".join((head, body, signature[::-1])), NOW)
