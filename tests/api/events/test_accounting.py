"""Whatever is sent, again, mixed up, changed or broken, by whatever process, the sums are right."""

import pytest

from api.db.database import Database
from chaos.conservation import run_sender
from oracle.telling import MORE
from settings import Settings

pytestmark = pytest.mark.slow


def test_sums_are_right_for_any_sequence_of_requests(
    settings: Settings, database: Database
) -> None:
    run_sender(settings, examples=4 * MORE, steps=20)
