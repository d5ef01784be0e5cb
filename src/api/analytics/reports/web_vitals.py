"""The web vitals report: how fast and steady pages were for those who loaded them."""

from dataclasses import replace
from typing import Literal

from pydantic import Field

from api.analytics.columns import Ratio, Row
from api.analytics.query import Dimensioned, Paged, Params, Query
from api.analytics.question import single
from api.analytics.report import Report
from api.analytics.reports.pages import ChosenPages
from api.analytics.vocabulary.dimensions import Dimension
from api.events.enrich.observations import VITALS, VitalName

OBSERVED_DIMENSIONS = (
    Dimension("page", "o.page", what="The page"),
    Dimension("device", "o.device", what="The device"),
    Dimension("country", "o.country", what="The country"),
)
"""The dimensions that an observation (o) has of its own: it is in no visit."""


class WebVitalsParams(ChosenPages, Dimensioned, Paged, Params):
    """Parameters: web vitals, all of them or one, of all pages or some."""

    name: VitalName | None = Field(None, description="Only this one.")
    limit: int = Field(100, ge=1, le=1000, description="The most rows to return.")


class WebVital(Row):
    """A web vital: times are in milliseconds, CLS is a plain number."""

    name: VitalName
    """LCP, INP, CLS, FCP or TTFB."""
    count: int
    """How often it was measured: at most once for each time that a page was loaded."""
    p75: float
    """Three of four values are at most this: the 75th percentile, between two values in
    proportion."""
    good: Ratio
    """Those with a good value / all."""
    needs_improvement: Ratio
    """Those with a value between good and poor / all."""
    poor: Ratio
    """Those with a poor value / all."""
    rating: Literal["good", "needs_improvement", "poor"]
    """What the 75th percentile is, by Google's thresholds."""


def with_thresholds(query: Query[WebVitalsParams]) -> Query[WebVitalsParams]:
    """The query with the names of the vitals, in order, and their thresholds."""
    thresholds = {
        "names": list(VITALS),
        "goods": [float(vital.good) for vital in VITALS.values()],
        "poors": [float(vital.poor) for vital in VITALS.values()],
    }
    return replace(query, values=thresholds)


WEB_VITALS = Report(
    "web-vitals",
    "Web vitals",
    WebVitalsParams,
    single(WebVital, "reports/web_vitals.sql", "web_vital"),
    dimensions=OBSERVED_DIMENSIONS,
    prepare=with_thresholds,
)
