"""The pages. A line here is a route; one about a site is an entry of the navigation, too."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """A page that a module draws."""

    title: str
    path: str
    module: str
    """The module that draws it, below `static`."""
    style: str = ""
    """Its own style sheet, below `static`, if it has one."""
    template: str = "report.html"
    has_charts: bool = True
    """Whether it loads the library for charts."""
    needs_login: bool = False
    """Whether it is in the navigation of those only who are logged in."""
    has_views: bool = True
    """Whether what it shows can be put on a board."""
    in_menu: bool = False
    """Whether it is in the menu of more pages, as the navigation has no room for all."""


PAGES = (
    Page("Overview", "/", "pages/overview.js", "styles/overview.css"),
    Page(
        "Live",
        "/api/realtime",
        "live.js",
        "styles/live.css",
        template="live.html",
        has_views=False,
    ),
    Page("Funnels", "/funnels", "pages/funnels.js", "styles/analysis.css"),
    Page("Retention", "/retention", "pages/retention.js", "styles/analysis.css"),
    Page("Journeys", "/journeys", "pages/journeys.js", "styles/analysis.css"),
    Page("Sessions", "/sessions", "pages/sessions.js", "styles/analysis.css"),
    Page(
        "Boards",
        "/boards",
        "pages/boards.js",
        "styles/boards.css",
        needs_login=True,
        has_views=False,
    ),
    Page(
        "Activity",
        "/activity",
        "pages/activity.js",
        "styles/analysis.css",
        in_menu=True,
    ),
    Page(
        "Goals",
        "/goals",
        "pages/goals.js",
        "styles/analysis.css",
        in_menu=True,
    ),
    Page(
        "Revenue",
        "/revenue",
        "pages/revenue.js",
        "styles/analysis.css",
        has_charts=False,
        in_menu=True,
    ),
    Page(
        "Vitals",
        "/vitals",
        "pages/vitals.js",
        "styles/analysis.css",
        has_charts=False,
        in_menu=True,
    ),
    Page(
        "Settings",
        "/settings",
        "pages/settings.js",
        "styles/settings.css",
        has_charts=False,
        needs_login=True,
        has_views=False,
        in_menu=True,
    ),
)
"""Those about a site, in the order of the navigation."""

VIEW_PAGES = tuple(page.path for page in PAGES if page.has_views)
"""The paths of pages of which something can be put on a board."""


def own_page(title: str, path: str, module: str) -> Page:
    """A page about no site in particular, for those who are logged in."""
    return Page(title, path, module, "styles/settings.css", has_charts=False)


OWN_PAGES = (
    own_page("All sites", "/sites", "pages/sites.js"),
    own_page("New site", "/sites/new", "pages/new_site.js"),
    own_page("Account", "/account", "pages/account.js"),
    Page(
        "Audit log",
        "/trail",
        "pages/trail.js",
        "styles/settings.css",
        template="trail.html",
        has_charts=False,
    ),
)
"""Those about no site in particular."""
