"""Which different addresses of a site are one page: rules that the site chooses."""

import re
from collections.abc import Collection

from api.sites.models import PageRule

SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
INDEX = re.compile(
    r"(?<=/)(?:index\.(?:x?html?|shtml|php|jsp|aspx?)|default\.aspx?)$", re.IGNORECASE
)


def by_rules(page: str, rules: Collection[str]) -> str:
    """The page by these rules (PageRule). What follows a # is another page of the site's own
    router, and stays as it is."""
    path, mark, fragment = page.partition("#")
    if PageRule.SESSION in rules:
        path = SESSION.sub("", path)
    if PageRule.INDEX in rules:
        path = INDEX.sub("", path)
    if PageRule.SLASH in rules:
        path = path.rstrip("/") or "/"
    return f"{path}{mark}{fragment}"
