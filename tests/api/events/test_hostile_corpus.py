"""A part of the hostile corpus on every engine; all of it is `python -m hostile.attack`."""

from pathlib import Path

import pytest

from api.db.engine import Profile
from conftest import servers
from hostile.attack import attack, target
from hostile.corpus import Case, corpus
from servers import fresh_database

pytestmark = pytest.mark.slow

SEED = 5
LEAST = 3_000
PARTS = len(Profile)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """The corpus, whose first cases are shared out among the engines."""
    return corpus(SEED)


def test_corpus_cases_are_distinct(cases: list[Case]) -> None:
    assert len({case.request for case in cases}) > 12_000


def test_hostile_requests_break_nothing(
    profile: Profile, cases: list[Case], tmp_path: Path
) -> None:
    part = cases[list(Profile).index(profile) :: PARTS][: LEAST // PARTS + 1]
    address = servers.address(profile)
    assert address
    timescaledb = "off" if profile is Profile.PLAIN else "auto"
    with (
        fresh_database(address) as url,
        target(url, tmp_path, TIMESCALEDB=timescaledb) as service,
    ):
        books = attack(service, url, SEED, part)
    assert books.cases > LEAST / PARTS
    assert books.balanced, books
