"""The sums are right whatever breaks: a short run; the long one is in docs/testing.md."""

from chaos.conservation import run_breaker
from conftest import SECRET


def test_sums_are_right_whatever_breaks() -> None:
    run_breaker(SECRET, examples=4, steps=15)
