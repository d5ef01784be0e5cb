"""Nothing starts on a secret that is missing, weak or published."""

import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from settings import Settings

GOOD = "f0e1d2c3b4a5968778695a4b3c2d1e0f" * 2


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "secret",
        "0123456789abcdef",
        "change-me-change-me-change-me-change-me",
        "replace-this-by-openssl-rand-hex-32-please",
        "your-256-bit-key-goes-here-your-256-bit-key",
        "a" * 64,
        "ab" * 32,
        "0" * 32,
    ],
)
def test_refuses_a_bad_secret_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(database_url="postgresql://db/x", secret_key=secret)
    for problem in refusal.value.errors():
        assert not secret or secret not in problem["msg"]


def test_generates_its_own_secret_for_the_embedded_database(tmp_path: Path) -> None:
    first = Settings(database_url="", data_dir=tmp_path).secret
    second = Settings(database_url="", data_dir=tmp_path).secret
    assert first == second
    assert len(first) >= 32
    mode = (tmp_path / "secret_key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_takes_a_good_secret() -> None:
    assert Settings(database_url="postgresql://db/x", secret_key=GOOD).secret == GOOD


def test_the_compose_example_holds_no_usable_secret() -> None:
    example = (Path(__file__).parents[1] / ".env.compose").read_text()
    (line,) = [line for line in example.splitlines() if line.startswith("SECRET_KEY=")]
    with pytest.raises(ValidationError):
        Settings(database_url="postgresql://db/x", secret_key=line.removeprefix("SECRET_KEY="))
