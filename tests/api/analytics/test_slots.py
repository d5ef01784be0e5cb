"""The slots of a .sql file are declared in its header, and each is filled by some query."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import chain, product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.analytics.execute import build_query, plan_answer
from api.analytics.planner import Plan
from api.analytics.plausible.execute import groups_of, query_of
from api.analytics.plausible.models import StatsQuery
from api.analytics.plausible.planning import plan_or_suggest
from api.analytics.plausible.ranges import asked_range
from api.analytics.query import Filtered
from api.analytics.question import sql_file
from api.analytics.report import Report
from api.analytics.reports.events import EVENT_BUCKETS
from api.analytics.reports.timeseries import SERIES_BY_DIMENSION
from api.analytics.time.ranges import Clock
from api.db.sql_files import SLOT, slot_names
from api.sites.models import Site
from conftest import EVERY_REPORT

ANALYTICS = Path(__file__).parents[3] / "src" / "api" / "analytics"
FILES = sorted(ANALYTICS.rglob("*.sql"))
DECLARATION = re.compile(r"^-- slots: (.*(?:\n--     .*)*)", re.MULTILINE)

SITE = Site(id=1, key="site", domain="site.example", name="site")
NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
CLOCK = Clock(NOW, ZoneInfo("UTC"), since=datetime(2026, 1, 1, tzinfo=UTC))

FILTERS = ("", '[["is", "country", ["DE"]]]', '[["is", "page", ["/"]]]')

FORMS: Mapping[str, list[dict[str, Any]]] = {
    "pages": [{}, {"detail": True}, {"pages": ["/"]}],
    "paths": [{}, {"direction": "to"}],
    "funnel": [
        {"pages": ["/blog/*"], "mode": "any", "unit": "visit"},
        {"pages": ["/", "/a", "/b"]},
        {"pages": ["/"], "mode": "strict", "dimension": "source"},
    ],
    "funnel/visitors": [
        {"pages": ["/blog/*"], "mode": "any", "unit": "visit"},
        {"pages": ["/", "/a", "/b"]},
        {"pages": ["/"], "mode": "strict"},
    ],
    "retention": [{}, {"start": "signup"}, {"return": "signup"}],
    "events": [{}, {"property": "plan"}],
    "revenue": [{}, {"attribution": "first"}],
    "segments": [{"a": FILTERS[1], "b": FILTERS[1]}],
    "correlations": [{"goal": "/"}, {"goal": "signup", "unit": "visitor"}],
}
"""Parameters that make a report fill other slots; for the other reports there are none."""

STATS: list[dict[str, Any]] = [
    {"metrics": ["visitors", "new_visitors"]},
    {"metrics": ["visits", "new_visitors", "events"], "dimensions": ["source", "time:day"]},
    {"metrics": ["pageviews"], "dimensions": ["time:day"]},
    {"metrics": ["visits", "percentage"], "dimensions": ["country"]},
    {"metrics": ["revenue"], "dimensions": ["source"]},
    {"metrics": ["visitors", "events"], "dimensions": ["source", "event:page", "event:goal"]},
]


def declared(path: Path) -> set[str]:
    """The slots that the header of a file names."""
    match = DECLARATION.search(path.read_text())
    return {name.strip(" -\n") for name in match[1].split(",")} if match else set()


def own_slots(path: Path) -> set[str]:
    """The slots in the text of a file, without those of the files that it includes."""
    return {match["name"] for match in SLOT.finditer(path.read_text())}


def plans_of(report: Report[Any]) -> Iterator[Plan]:
    """The plans of a report in each of its forms, filtered, sorted and broken down."""
    forms = [{}] if report is EVENT_BUCKETS else FORMS.get(report.name, [{}])
    filters = FILTERS if issubclass(report.params, Filtered) else FILTERS[:1]
    dimensions = [{"dimension": dimension.key} for dimension in report.dimensions]
    orders = [{"order": f"{order}:{way}"} for order in report.orders for way in ("asc", "desc")]
    by_default = [] if report is SERIES_BY_DIMENSION else [{}]
    can_compare = "compare" in report.params.model_fields and report is not SERIES_BY_DIMENSION
    for form, filter_, more in product(forms, filters, [*by_default, *dimensions, *orders]):
        compared = {"compare": "previous"} if can_compare else {}
        given = {"filters": filter_} if filter_ else {}
        params = report.params.model_validate({**given, **form, **more, **compared})
        query = build_query(report, params, SITE, CLOCK, {})
        for _, planned in plan_answer(report, query):
            yield from planned


def plans_of_stats() -> Iterator[Plan]:
    """The plans of some questions to the Stats API."""
    for form, filters in product(STATS, FILTERS):
        given = {"site_id": "site", "date_range": "7d", "filters": json.loads(filters or "[]")}
        asked = StatsQuery.model_validate(given | form)
        span = asked_range(asked.date_range, CLOCK)
        groups = groups_of(asked, span)
        query = query_of(asked, SITE, CLOCK, span, groups, ())
        yield plan_or_suggest(asked, groups, query)


@cache
def filled() -> Mapping[Path, set[str]]:
    """The slots of each file that some plan fills."""
    found: dict[Path, set[str]] = defaultdict(set)
    plans = chain.from_iterable(map(plans_of, EVERY_REPORT))
    for plan in chain(plans, plans_of_stats()):
        found[plan.path] |= plan.slots.keys() | (plan.copy.slots.keys() if plan.copy else set())
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_header_of_a_file_names_its_slots(path: Path) -> None:
    assert own_slots(path) <= declared(path) <= slot_names(path)


def test_declared_slots_are_those_that_queries_fill() -> None:
    assert {path.stem: declared(path) for path in filled()} == {
        path.stem: slots for path, slots in filled().items()
    }


def test_every_file_of_a_report_is_planned_for_some_query() -> None:
    questions = [q for report in EVERY_REPORT for q in (report.rows, report.totals) if q]
    files = {sql_file(variant.file) for question in questions for variant in question.variants}
    assert files <= filled().keys()
