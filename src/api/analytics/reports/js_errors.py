"""The errors report: what went wrong in the scripts of pages."""

from api.analytics.columns import Row
from api.analytics.query import Dimensioned, Params, Ranked
from api.analytics.question import single
from api.analytics.report import Report
from api.analytics.reports.pages import ChosenPages
from api.analytics.reports.web_vitals import OBSERVED_DIMENSIONS
from api.analytics.vocabulary.dimensions import Dimension
from api.instants import Instant


class JsErrorsParams(ChosenPages, Dimensioned, Ranked, Params):
    """Parameters: JavaScript errors, of all pages or some."""


class JsError(Row):
    """JavaScript errors with one message, at one place in one file."""

    message: str
    """What the browser said, without personal data and secrets."""
    source: str
    """The file, the line and the column; empty where the browser does not tell."""
    frame: str
    """The innermost call of the latest; empty where the browser does not tell."""
    count: int
    """How many there were: one that repeats on a page counts once, until the page is loaded
    again."""
    visitors: int
    """Distinct visitors who had it."""
    pages: int
    """How many different pages had it."""
    browsers: int
    """How many different browsers had it."""
    first_seen: Instant
    """The time of the first in the range."""
    last_seen: Instant
    """The time of the last in the range."""


JS_ERRORS = Report(
    "errors",
    "JavaScript errors",
    JsErrorsParams,
    single(JsError, "reports/js_errors.sql", "js_error"),
    dimensions=(*OBSERVED_DIMENSIONS, Dimension("browser", "o.browser", what="The browser")),
    orders=("count", "visitors", "pages", "browsers", "first_seen", "last_seen", "message"),
)
