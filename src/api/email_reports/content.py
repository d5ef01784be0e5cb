"""What a report says: the answers of reports about its period, as text and as HTML.

Mail clients show neither scripts nor SVG, so charts are tables: bars are cells of some width or
height.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader

from api.analytics.execute import answer
from api.analytics.report import Report
from api.analytics.reports.breakdowns import LOCATIONS, TRAFFIC_SOURCES
from api.analytics.reports.goals import GOALS
from api.analytics.reports.pages import PAGES
from api.analytics.reports.timeseries import TIMESERIES
from api.db.database import Database
from api.email_reports.models import Every
from api.email_reports.periods import Period, period_before
from api.sites.models import Site

TEMPLATES = FileSystemLoader(Path(__file__).parent / "templates")

HTML = Environment(loader=TEMPLATES, autoescape=True, trim_blocks=True, lstrip_blocks=True)
TEXT = Environment(  # noqa: S701 (it is sent as plain text)
    loader=TEMPLATES, trim_blocks=True, lstrip_blocks=True
)

MOST_ROWS = 5

LONGEST_LABEL = 200

UNKNOWN = "-"
"""In place of a number that is not known."""

BAR_PIXELS = 80
"""The height of the highest bar of the chart."""

HEADLINES = (
    ("visitors", "Visitors"),
    ("visits", "Visits"),
    ("pageviews", "Page views"),
    ("bounce_rate", "Bounce rate"),
    ("visit_duration_seconds", "Visit duration"),
)
"""The numbers on top, and their words."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A number of the period, and how it differs from the period before."""

    words: str
    value: str
    change: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of the chart."""

    day: str
    visits: str
    pixels: int


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a ranking. `percent` is the width of its bar."""

    label: str
    number: str
    percent: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """The rows with the largest numbers."""

    title: str
    unit: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Content:
    """All that a report says."""

    site: str
    title: str
    dates: str
    timezone: str
    headlines: Sequence[Headline]
    bars: Sequence[Bar]
    rankings: Sequence[Ranking]
    page: str
    unsubscribe: str

    @property
    def subject(self) -> str:
        """The subject of the e-mail."""
        return f"{self.site}: {self.title.lower()}, {self.dates}"

    @property
    def html(self) -> str:
        return HTML.get_template("report.html").render(report=self)

    @property
    def text(self) -> str:
        return TEXT.get_template("report.txt").render(report=self)


@dataclass(frozen=True, slots=True)
class Reader:
    """Asks reports about a period of a site."""

    database: Database
    site: Site
    period: Period

    async def ask(self, report: Report[Any], **more: Any) -> dict[str, Any]:
        """The answer of a report. Raises AnalyticsError."""
        given = {
            "site": self.site.key,
            "from": self.period.first,
            "to": self.period.last,
            **more,
        }
        return await answer(self.database, report, report.params.model_validate(given), self.site)

    async def ranking(
        self,
        report: Report[Any],
        title: str,
        key: str,
        number: str = "visitors",
        empty: str = "(unknown)",
        **more: Any,
    ) -> Ranking:
        """The rows of a report with the most of a number, by the value of a column."""
        rows = (await self.ask(report, limit=MOST_ROWS, **more))["rows"]
        found = [row for row in rows if row[number]]
        most = max((row[number] for row in found), default=0)
        lines = [
            Line(label_of(row[key]) or empty, count(row[number]), round(100 * row[number] / most))
            for row in found
        ]
        return Ranking(title, number, lines)


async def content_of(
    database: Database,
    site: Site,
    every: Every,
    period: Period,
    address: str,
    unsubscribe: str,
) -> Content:
    """What a report says about a period of a site. Raises AnalyticsError."""
    reader, before = Reader(database, site, period), period_before(every, period)
    compared = {"compare": "custom", "compare_from": before.first, "compare_to": before.last}
    series = await reader.ask(TIMESERIES, interval="day", **compared)
    rankings = [
        await reader.ranking(PAGES, "Pages", "page"),
        await reader.ranking(
            TRAFFIC_SOURCES, "Sources", "source", dimension="source", empty="(direct)"
        ),
        await reader.ranking(LOCATIONS, "Countries", "country", dimension="country"),
        await reader.ranking(GOALS, "Goals", "name", number="conversions"),
    ]
    return Content(
        site=" ".join(site.name.split()),
        title="Weekly report" if every is Every.WEEK else "Monthly report",
        dates=f"{period.first:%Y-%m-%d} to {period.last:%Y-%m-%d}",
        timezone=site.timezone,
        headlines=headlines_of(series),
        bars=bars_of(series["rows"], ZoneInfo(site.timezone)),
        rankings=[ranking for ranking in rankings if ranking.lines],
        page=f"{address}/?site={site.key}&from={period.first}&to={period.last}",
        unsubscribe=unsubscribe,
    )


def label_of(value: str | None) -> str:
    """A value in one line, which anybody may have sent: line breaks would make sentences of their
    own in the text, and too long a value pushes the rest away."""
    text = " ".join((value or "").split())
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def headlines_of(series: Mapping[str, Any]) -> list[Headline]:
    """The numbers on top of a report."""
    totals, changes = series["totals"], series["comparison"]["totals"]
    return [
        Headline(words, SHOWN.get(key, count)(totals[key]), change_text(changes.get(key)))
        for key, words in HEADLINES
    ]


def bars_of(rows: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> list[Bar]:
    """The visits of each day."""
    most = max((row["visits"] for row in rows), default=0) or 1
    return [
        Bar(
            f"{day_of(row['time'], zone):%m-%d}",
            count(row["visits"]),
            round(BAR_PIXELS * row["visits"] / most),
        )
        for row in rows
    ]


def day_of(moment: datetime | str, zone: ZoneInfo) -> datetime:
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return found.astimezone(zone)


def count(number: float | None) -> str:
    """A whole number: 12,345."""
    return UNKNOWN if number is None else f"{number:,.0f}"


def percent(share: float | None) -> str:
    return UNKNOWN if share is None else f"{share:.0%}"


def duration(seconds: float | None) -> str:
    """Seconds as people write them: 2m 5s."""
    if seconds is None:
        return UNKNOWN
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m {rest}s" if minutes else f"{rest}s"


SHOWN = {"bounce_rate": percent, "visit_duration_seconds": duration}
"""How numbers are written that are no counts."""


def change_text(change: Mapping[str, Any] | None) -> str:
    """How a number differs from that of the period before: +12%; empty where that is unknown."""
    if not change or change["ratio"] is None:
        return ""
    return f"{change['ratio'] - 1:+.0%}"
