"""The pages about a site. A line here is a route, and an entry of the navigation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """A page about a site."""

    title: str
    path: str
    module: str
    """The module that draws it, below `static`."""
    style: str = ""
    """Its own style sheet, below `static`, if it has one."""
    template: str = "report.html"


PAGES = (
    Page("Overview", "/", "pages/overview.js", "styles/overview.css"),
    Page("Live", "/api/realtime", "live.js", "styles/live.css", template="live.html"),
    Page("Funnels", "/funnels", "pages/funnels.js", "styles/analysis.css"),
    Page("Retention", "/retention", "pages/retention.js", "styles/analysis.css"),
    Page("Journeys", "/journeys", "pages/journeys.js", "styles/analysis.css"),
    Page("Sessions", "/sessions", "pages/sessions.js", "styles/analysis.css"),
    Page("Activity", "/activity", "pages/activity.js", "styles/analysis.css"),
    Page("Goals", "/goals", "pages/goals.js", "styles/analysis.css"),
)
"""In the order of the navigation."""
