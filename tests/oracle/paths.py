"""The ways that visits take through the pages: the links of a Sankey diagram."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from oracle.filters import Clause, Filter
from oracle.periods import GREENWICH, Range
from oracle.site import Site
from oracle.steps import page_fits

Row = dict[str, Any]
Link = tuple[int, str | None, str | None, bool]


def paths(
    site: Site,
    span: Range,
    page: str | None = None,
    direction: str = "from",
    steps: int = 5,
    kept: int = 10,
    clauses: Sequence[Clause] = (),
    zone: ZoneInfo = GREENWICH,
) -> list[Row]:
    """One row for each link between a page in one step and a page, or the end, in the next."""
    visits = Filter(site, tuple(clauses), zone).visits(site.visits_in(span))
    found = [way(visit.path, page, direction, steps) for visit in visits]
    ways = [pages for pages in found if pages]
    names = [most_visited(ways, step, kept) for step in range(steps)]
    links: Counter[Link] = Counter()
    for pages in ways:
        named = [name if name in names[step] else None for step, name in enumerate(pages)]
        for step in range(min(len(named), steps - 1)):
            ends = step + 1 == len(named)
            links[step + 1, named[step], None if ends else named[step + 1], ends] += 1
    rows = [
        {"step": step, "page": here, "next_page": there, "ends": ends, "visits": number}
        for (step, here, there, ends), number in links.items()
    ]
    return sorted(rows, key=place)


def way(views: Sequence[str], page: str | None, direction: str, steps: int) -> list[str]:
    """The pages of a visit from (backwards from) a fitting one on; none where none fits."""
    pages = [name for name, _ in groupby(views)]
    if direction == "to":
        pages.reverse()
    while page is not None and pages and not page_fits(pages[0], page):
        del pages[0]
    return pages[:steps]


def most_visited(ways: Sequence[Sequence[str]], step: int, kept: int) -> list[str]:
    """The pages that keep their names in a step."""
    visits = Counter(pages[step] for pages in ways if step < len(pages))
    return sorted(visits, key=lambda page: (-visits[page], page.encode()))[:kept]


def place(row: Row) -> tuple[Any, ...]:
    """Where a row stands."""
    here, there = row["page"], row["next_page"]
    last = (here is None, (here or "").encode())
    return row["step"], -row["visits"], last, row["ends"], there is None, (there or "").encode()
