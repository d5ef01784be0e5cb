"""The commands `import-from` and `imported`, as an operator uses them."""

from pathlib import Path

import psycopg
import pytest
from plausible_files import random_export
from plausible_files import write as write_plausible
from product_visits import random_visits
from umami_files import write as write_umami

from processes import cli, database_of, running


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["urchin", "a.csv"], ["'urchin'", "ga4", "goatcounter", "matomo", "umami", "plausible"]),
        (["umami", "none.csv", "none*.zip"], ["none.csv", "none*.zip", "there is no such file"]),
    ],
)
def test_wrong_argument_is_refused_before_anything_is_done(
    arguments: list[str], words: list[str], tmp_path: Path
) -> None:
    done = cli(tmp_path / "data", "import-from", *arguments, "--site", "shop")
    assert (done.returncode, done.stdout) == (1, "")
    assert [word for word in words if word not in done.stderr] == []
    assert not (tmp_path / "data" / "postgres").exists()


def test_exports_are_imported_listed_and_erased(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    visits = random_visits(31, number=5)
    events = sum(len(visit.actions) for visit in visits)
    files = [*map(str, write_umami(tmp_path, visits))]
    broken = tmp_path / "broken.csv"
    broken.write_text("no,columns\n1,2\n")
    days = str(write_plausible(tmp_path / "export.zip", random_export(32)))
    with running(data_dir, DEMO="false"):
        dry = cli(data_dir, "import-from", "umami", *files, "--site", "shop", "--dry-run")
        assert f"{events:>10,} events would be stored" in dry.stdout
        assert count(data_dir, "event") == 0
        assert count(data_dir, "site where key = 'shop'") == 0

        done = cli(data_dir, "import-from", "umami", *files, str(broken), "--site", "shop")
        assert done.returncode == 1
        assert f"{events:>10,} events stored" in done.stdout
        assert f"{broken} has no column created_at" in done.stderr
        assert count(data_dir, "event") == events
        told = "notification where kind = 'import_done' and data->>'source' = 'umami'"
        assert count(data_dir, told) == 1

        done = cli(data_dir, "import-from", "plausible", days, "--site", "shop")
        assert done.returncode == 0
        assert "20 rows of pages kept\n" in done.stdout
        assert "2024-05-03 to 2024-05-07" in done.stdout

        listed = cli(data_dir, "imported", "list", "shop").stdout
        assert "2024-05-03 to 2024-05-07  185 rows  export.zip" in listed
        identity = listed.split()[0]
        assert "is erased" in cli(data_dir, "imported", "erase", "shop", identity).stdout
        assert count(data_dir, "imported_day") == 0


def count(data_dir: Path, table: str) -> int:
    """How many rows there are."""
    with psycopg.connect(database_of(data_dir), autocommit=True) as connection:
        row = connection.execute(f"select count(*) from {table}".encode()).fetchone()
    assert row
    return row[0]
