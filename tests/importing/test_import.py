"""What is imported of logs: which numbers they give, and that a second import changes nothing."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import ua_parser
from log_lines import log_line

from api.db.database import Database
from api.events.enrich.geo import GeoLocator
from api.sites.directory import Sites
from conftest import SECRET, TestSite
from importing.access_log import REMEMBERED, LogReader, Occurrences, Summary, import_log
from importing.files import find_logs, open_log
from importing.formats.request import Format
from importing.formats.table import BY_NAME
from importing.stores import storing
from oracle.access_log import read_log
from oracle.telling import DOMAIN, REAL_LOG, fresh_site

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


@pytest.fixture
async def fresh(client: Any, admin: Any, database: Database) -> TestSite:
    """A site on which nothing has happened."""
    return await fresh_site(client, admin, database)


async def import_all(
    site: TestSite, names: Sequence[str | Path], chosen: Format | None = None
) -> Summary:
    """Imports logs as one command does."""
    target = await Sites(site.database).find(site.key)
    reader, summary = LogReader(target, SECRET, GeoLocator(None, None)), Summary()
    for name in find_logs([*map(str, names)], chosen):
        with open_log(name) as raw:
            async for _ in import_log(storing(site.database), name, raw, reader, summary, chosen):
                pass
    return summary


def write(folder: Path, **texts: str) -> list[Path]:
    """Files of these names and texts."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


async def totals(site: TestSite, **span: str) -> dict[str, Any]:
    """The numbers of the site."""
    return (await site.ask("timeseries", **(span or MARCH)))["totals"]


async def visits_by(site: TestSite, dimension: str) -> dict[str, int]:
    """Visits by what brought them."""
    answer = await site.ask("traffic-sources", dimension=dimension, **MARCH)
    return {row[dimension]: row["visits"] for row in answer["rows"]}


async def test_log_of_no_format_is_problem_that_names_those_tried(
    fresh: TestSite, tmp_path: Path
) -> None:
    garbage, good = write(tmp_path, bad="no log\n\nat all\n", good=log_line(1, "10:00:00"))
    summary = await import_all(fresh, [garbage, good])
    assert summary.problems == [f"{garbage}: no line fits a format; tried: {', '.join(BY_NAME)}"]
    assert (summary.stored, summary.skipped) == (1, {"malformed": 3})
    assert summary.formats == {"combined": 1}


async def test_log_that_does_not_fit_named_format_is_problem(
    fresh: TestSite, tmp_path: Path
) -> None:
    (log,) = write(tmp_path, log=log_line(1, "10:00:00"))
    summary = await import_all(fresh, [log], BY_NAME["caddy"])
    assert summary.problems == [f"{log}: no line fits a format; tried: caddy"]
    assert (summary.stored, summary.formats) == (0, {})


async def test_empty_log_is_no_problem(fresh: TestSite, tmp_path: Path) -> None:
    summary = await import_all(fresh, write(tmp_path, log="", blank="\n\n"))
    assert summary == Summary(lines=2, skipped=summary.skipped)
    assert summary.skipped == {"malformed": 2}


async def test_damaged_log_is_imported_as_far_as_it_goes(fresh: TestSite, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(REAL_LOG.read_bytes()[:100_000])
    summary = await import_all(fresh, [log])
    (problem,) = summary.problems
    assert problem.startswith(f"{log} cannot be read to its end")
    assert summary.stored > 500
    assert summary.formats == {"combined": 1}


async def test_campaign_tags_of_requests_are_counted(fresh: TestSite, tmp_path: Path) -> None:
    tagged = log_line(1, "10:00:00", "/land?utm_source=newsletter&utm_medium=email")
    clicked = log_line(2, "10:00:00", "/land?gclid=x")
    summary = await import_all(fresh, write(tmp_path, log=tagged + clicked))
    assert summary.stored == 2
    assert await visits_by(fresh, "channel") == {"Email": 1, "Paid Search": 1}
    assert (await visits_by(fresh, "source"))["newsletter"] == 1
    rows = (await fresh.ask("pages", **MARCH))["rows"]
    assert {row["page"]: row["pageviews"] for row in rows} == {"/land": 2}


async def test_target_that_begins_with_two_slashes_is_path(fresh: TestSite, tmp_path: Path) -> None:
    await import_all(fresh, write(tmp_path, log=log_line(1, "10:00:00", "//blog/post-1")))
    rows = (await fresh.ask("pages", **MARCH))["rows"]
    assert [row["page"] for row in rows] == ["/blog/post-1"]


@pytest.mark.parametrize("newer_first", [False, True])
async def test_visit_over_midnight_in_two_files_is_one_visit(
    newer_first: bool, fresh: TestSite, tmp_path: Path
) -> None:
    texts = {"old": log_line(1, "23:50:00", "/a"), "new": log_line(2, "00:05:00", "/b")}
    names = sorted(texts, reverse=not newer_first)
    await import_all(fresh, write(tmp_path, **{name: texts[name] for name in names}))
    found = await totals(fresh)
    assert [found[name] for name in ("visits", "visitors", "pageviews")] == [1, 1, 2]
    assert (found["bounce_rate"], found["visit_duration_seconds"]) == (0, 900)


async def test_visit_over_midnight_in_reverse_order_of_arrival_is_one_visit(
    fresh: TestSite, tmp_path: Path
) -> None:
    """Each line is a log of its own. The visitor of a day is another one than that of the next."""
    lines = [
        *(log_line(1, "23:10:00", "/a"), log_line(1, "23:35:00", "/b")),
        *(log_line(2, "00:04:00", "/c"), log_line(2, "00:30:00", "/d")),
    ]
    for number, line in enumerate(reversed(lines)):
        await import_all(fresh, write(tmp_path, **{f"log{number}": line}))
    found = await totals(fresh)
    assert [found[name] for name in ("visits", "visitors", "pageviews")] == [1, 1, 4]
    assert (found["bounce_rate"], found["visit_duration_seconds"]) == (0, 80 * 60)
    (visit,) = (await fresh.ask("sessions", **MARCH))["rows"]
    assert visit["path"] == ["/a", "/b", "/c", "/d"]


async def test_equal_lines_of_one_log_are_counted_and_copy_of_it_is_not(
    fresh: TestSite, tmp_path: Path
) -> None:
    lines = log_line(1, "10:00:00") * 3
    summary = await import_all(fresh, write(tmp_path, log=lines, copy=lines))
    assert (summary.stored, summary.duplicates) == (3, 3)


def test_number_of_remembered_lines_is_bounded() -> None:
    occurrences = Occurrences()
    assert [occurrences.count("same") for _ in range(3)] == [1, 2, 3]
    for number in range(REMEMBERED - 1):
        occurrences.count(str(number))
    assert occurrences.count("same") == 4
    for number in range(3 * REMEMBERED):
        occurrences.count(str(number))
        assert len(occurrences.recent) + len(occurrences.earlier) <= 2 * REMEMBERED
    assert occurrences.count("same") == 1


async def test_visitors_of_format_without_user_agents_are_people(
    fresh: TestSite, tmp_path: Path
) -> None:
    common = '203.0.113.7 - - [01/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1\n'
    none = '203.0.113.7 - - [02/Mar/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"\n'
    summary = await import_all(fresh, write(tmp_path, common=common, combined=none))
    assert summary.formats == {"common": 1, "combined": 1}
    assert (summary.stored, summary.bots) == (2, 1)
    assert (await totals(fresh))["pageviews"] == 1


def real_lines() -> list[bytes]:
    return gzip.decompress(REAL_LOG.read_bytes()).splitlines(keepends=True)


def files_of(folder: Path, number: int, lines: Sequence[bytes]) -> list[Path]:
    """The lines in so many files. Of the real log no two equal lines are in different ones."""
    size = -(-len(lines) // number)
    paths = [folder / f"part{index}" for index in range(number)]
    for index, path in enumerate(paths):
        path.write_bytes(b"".join(lines[index * size : (index + 1) * size]))
    return paths


ORDERS: dict[str, Callable[[Path], Sequence[Path]]] = {
    "forwards": lambda folder: files_of(folder, 3, real_lines()),
    "backwards": lambda folder: files_of(folder, 3, real_lines())[::-1],
    "again": lambda folder: [*files_of(folder, 3, real_lines()), REAL_LOG],
    "first half first": lambda folder: files_of(folder, 2, real_lines()),
    "second half first": lambda folder: files_of(folder, 2, real_lines())[::-1],
    "last line first": lambda folder: files_of(folder, 1, real_lines()[::-1]),
    "any line first": lambda folder: files_of(folder, 1, Random(1).sample(real_lines(), 10_000)),
    "any part first": lambda folder: Random(2).sample(files_of(folder, 8, real_lines()), 8),
}


@pytest.mark.parametrize("order", ORDERS)
async def test_real_log_in_any_order_gives_answer_of_oracle(
    order: str, fresh: TestSite, tmp_path: Path
) -> None:
    given = ORDERS[order](tmp_path)
    summary = await import_all(fresh, given)
    oracle = read_log(REAL_LOG, DOMAIN, ua_parser.parser)
    assert summary.stored - summary.bots == oracle.pageviews
    found = await totals(fresh, **{"from": "2015-05-17", "to": "2015-05-20"})
    assert [found[name] for name in ("pageviews", "visits", "visitors")] == [
        oracle.pageviews,
        oracle.visits,
        oracle.visitors,
    ]


async def test_pages_of_log_follow_rules_of_site(fresh: TestSite, tmp_path: Path) -> None:
    rules = {"page_rules": ["session", "index", "slash"]}
    path = f"/api/sites/{fresh.key}"
    changed = await fresh.client.patch(path, json=rules, headers=fresh.admin)
    assert changed.json()["page_rules"] == ["slash", "index", "session"]
    pages = ("/a/", "/a", "/a/index.html", "/a;jsessionid=1F", "/b/")
    lines = [log_line(day, "10:00:00", page) for day, page in enumerate(pages, 1)]
    await import_all(fresh, write(tmp_path, log="".join(lines)))
    await fresh.send({"page": "/b/index.php", "time": "2026-03-10T12:00:00Z", "visitor_id": "ann"})
    rows = (await fresh.ask("pages", **MARCH))["rows"]
    assert [(row["page"], row["pageviews"]) for row in rows] == [("/a", 4), ("/b", 2)]
