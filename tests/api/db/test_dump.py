"""A backup of the whole database, restored into an empty one, answers the same."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from api.db.dump import ProgramFailed, back_up, restore
from api.db.engine import Profile
from api.db.migrate import UnfinishedRestore, migrate
from api.errors import Conflict
from api.sites.directory import Sites
from api.sites.models import Visibility
from archiving import answers, fill, installation
from conftest import TestSite, servers
from oracle import reports
from oracle.telling import NOON, TEN_DAYS, ask, check, event, tell
from processes import cli
from servers import fresh_database

pytestmark = pytest.mark.slow


def test_database_that_is_not_empty_is_refused(
    database: object, settings: object, tmp_path: Path
) -> None:
    url: str = settings.database_url  # pyright: ignore
    file = tmp_path / "all.dump"
    back_up(url, file)
    with pytest.raises(Conflict):
        restore(url, file)


def test_file_that_is_no_backup_is_refused(profile: Profile, tmp_path: Path) -> None:
    address = servers.address(profile)
    assert address
    file = tmp_path / "all.dump"
    file.write_text("no dump")
    with fresh_database(address) as url, pytest.raises(ProgramFailed):
        restore(url, file)


async def test_database_is_not_used_while_it_is_restored_or_after_that_failed(
    profile: Profile, database: object, settings: object, tmp_path: Path
) -> None:
    address = servers.address(profile)
    assert address
    file, cut = tmp_path / "all.dump", tmp_path / "cut.dump"
    back_up(settings.database_url, file)  # pyright: ignore
    cut.write_bytes(file.read_bytes()[:-1000])
    with fresh_database(address) as url:
        with pytest.raises(ProgramFailed):
            restore(url, cut)
        for _ in range(2):
            with pytest.raises(UnfinishedRestore):
                await migrate(url)
        with pytest.raises(Conflict):
            restore(url, file)


def test_file_of_a_backup_is_private_and_not_overwritten(
    database: object, settings: object, tmp_path: Path
) -> None:
    url: str = settings.database_url  # pyright: ignore
    file = tmp_path / "all.dump"
    back_up(url, file)
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["all.dump"]
    with pytest.raises(FileExistsError):
        back_up(url, file)


async def test_restored_database_answers_as_the_one_that_was_backed_up(
    profile: Profile, tmp_path: Path
) -> None:
    address = servers.address(profile)
    assert address
    file, is_plain = tmp_path / "all.dump", profile is Profile.PLAIN
    with fresh_database(address) as first, fresh_database(address) as second:
        async with installation(first, is_plain) as there:
            for key in ("shop", "told"):
                await Sites(there.database).create(
                    key, f"{key}.example", visibility=Visibility.PUBLIC
                )
            shop, told = replace(there, key="shop"), replace(there, key="told")
            await fill(shop)
            known = await tell(told, [[event(NOON, "/a"), event(NOON, "/b", visitor="ben")]])
            before = await answers(shop)
            back_up(first, file)
        restore(second, file)
        with psycopg.connect(second) as connection:
            assert connection.execute("select count(*) from salt").fetchone() == (0,)
        async with installation(second, is_plain) as here:
            await check_restored(replace(here, key="shop"), before)
            await check_oracle(replace(here, key="told"), known)


async def check_restored(shop: TestSite, before: object) -> None:
    """Everything is as it was, also after a refresh, and events can come."""
    assert await answers(shop) == before
    await shop.refresh()
    assert await answers(shop) == before
    await shop.send({"page": "/new", "visitor_id": "v0"})


async def check_oracle(told: TestSite, known: object) -> None:
    """The numbers are those of an independent calculation."""
    answer = await ask(told, "timeseries", TEN_DAYS, interval="hour", timezone="UTC")
    check(answer["rows"], reports.timeseries(known, TEN_DAYS, "hour", "UTC"))  # pyright: ignore


@pytest.mark.any_engine
def test_embedded_database_is_backed_up_and_restored_by_commands(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert cli(first, "site", "create", "shop", "--domain", "shop.example").returncode == 0
    (tmp_path / "access.log").write_text(
        '203.0.113.1 - - [17/May/2015:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "Mozilla/5.0 x"\n'
    )
    done = cli(first, "import-log", str(tmp_path / "access.log"), "--site", "shop")
    assert done.returncode == 0, done.stderr
    archive, dump = str(tmp_path / "shop.zip"), str(tmp_path / "all.dump")
    for words in (["export", "shop", "--to", archive], ["backup", "--to", dump]):
        done = cli(first, *words)
        assert done.returncode == 0, done.stderr
    done = cli(second, "restore", dump)
    assert (done.returncode, done.stdout) == (0, "Restored: shop\n"), done.stderr
    refused = cli(second, "restore", dump)
    assert refused.returncode == 1
    assert "not empty" in refused.stderr
    done = cli(second, "import", archive, "--site", "copy", "--domain", "copy.example")
    assert done.returncode == 0, done.stderr
    assert "The site is 'copy'." in done.stdout
    again = cli(second, "import", archive, "--site", "copy", "--domain", "copy.example")
    assert "0 rows stored" in again.stdout
