"""Password hashes."""

import pytest

from server.passwords import hash_password, verify_password


def test_a_hash_takes_its_password_and_no_other():
    hashed = hash_password("correct horse")
    assert hashed.startswith("$argon2id$")
    assert verify_password(hashed, "correct horse")
    assert not verify_password(hashed, "correct hors")


def test_two_hashes_of_one_password_differ():
    assert hash_password("x") != hash_password("x")


@pytest.mark.parametrize("hashed", [None, "", "garbage", "$argon2id$v=19$broken"])
@pytest.mark.parametrize("password", ["", "demo"])
def test_nobody_and_broken_hashes_take_no_password(hashed, password):
    assert not verify_password(hashed, password)
