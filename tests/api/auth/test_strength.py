"""Passwords that are easy to guess."""

import pytest

from api.auth.strength import refuse_guessable

COMMON = (
    *("password", "Password1", "PASSWORD123!", "p@ssw0rd", "passw0rd", "admin123", "welcome1"),
    *("12345678", "123456789", "0987654321", "aaaaaaaa", "11112222", "1q2w3e4r", "asdfghjkl"),
    *("qwertyui", "qwertyuiop", "abcdefgh", "iloveyou1", "letmein!"),
)


@pytest.mark.parametrize("password", COMMON)
def test_common_password_is_refused_with_hint(password: str) -> None:
    with pytest.raises(ValueError, match="commonest passwords; use three or four words"):
        refuse_guessable(password)


@pytest.mark.parametrize(
    "password", ["analyst1", "Analyst!!", "analyst@example.com", "007analyst", "example.com"]
)
def test_password_like_own_name_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="like the name"):
        refuse_guessable(password, "analyst", "analyst@example.com")


@pytest.mark.parametrize(
    "password", ["secure123", "correct horse battery", "Tr0ub4dor&3", "ж" * 4 + "пароль"]
)
def test_other_password_is_taken(password: str) -> None:
    assert refuse_guessable(password, "analyst", "analyst@example.com", None) == password
