"""Passwords: a login of nobody costs as much as one of somebody."""

import bcrypt
import pytest

from api.auth import passwords
from api.auth.passwords import NOBODY, hash_password

ROUNDS = 12
"""The cost in the product; tests have less."""


async def test_hash_of_nobody_has_cost_of_hashes_of_passwords(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "ROUNDS", ROUNDS)
    version_and_cost = slice(0, len("$2b$12$"))
    hashed = (await hash_password("a password")).encode()
    assert NOBODY[version_and_cost] == hashed[version_and_cost]
    assert not bcrypt.checkpw(b"a password", NOBODY)
