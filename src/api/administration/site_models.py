"""Sites in requests and in responses."""

from typing import Annotated
from zoneinfo import available_timezones

from fastapi import Query
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from api.instants import Instant
from api.schema import Record
from api.sites.models import PageRule, Role, Site, Visibility
from api.text import PlainText

MOST_HOSTNAMES = 100


def each_once(rules: list[PageRule]) -> list[PageRule]:
    """The rules in one order, each once."""
    return [rule for rule in PageRule if rule in rules]


LOWER = StringConstraints(strip_whitespace=True, to_lower=True)


def refuse_unknown_zone(name: str) -> str:
    """The name itself. Raises ValueError unless it is one of the IANA time zones."""
    if name not in available_timezones() - {"localtime"}:
        raise ValueError("is not an IANA time zone name, e.g. Europe/Berlin")
    return name


Key = Annotated[
    str, LOWER, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
]
Domain = Annotated[
    str,
    LOWER,
    StringConstraints(
        max_length=200, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$"
    ),
]
Title = Annotated[PlainText, StringConstraints(strip_whitespace=True, max_length=100)]
Zone = Annotated[str, StringConstraints(max_length=100), AfterValidator(refuse_unknown_zone)]
SiteSearch = Annotated[
    PlainText, Query(max_length=100, description="A part of key, domain or name, in any case.")
]
AfterKey = Annotated[
    PlainText, Query(max_length=200, description="Only keys after this one: the next page.")
]
"""Parameters of lists of sites (see sites.list_sites)."""

Hostname = Annotated[
    str,
    LOWER,
    StringConstraints(max_length=200, pattern=r"^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"),
]
Hostnames = Annotated[list[Hostname], Field(max_length=MOST_HOSTNAMES)]
PageRules = Annotated[list[PageRule], Field(max_length=20), AfterValidator(each_once)]


class NewSite(Record):
    """A site to create. Whoever creates it becomes its owner."""

    model_config = ConfigDict(extra="forbid")

    domain: Domain
    """The domain of the web site, without `https://`; names in other scripts as `xn--…`."""
    key: Key | None = None
    """What trackers and queries call the site; it never changes. By default the domain, with `-`
    for the colon before a port."""
    name: Title = ""
    """What people call it. By default the domain."""
    timezone: Zone | None = None
    """The IANA time zone of its days. By default the setting DB_TIMEZONE of the installation."""
    visibility: Visibility = Visibility.PRIVATE
    """Who may read it: `private` is its members, `members` every account, `public` anybody."""

    @property
    def final_key(self) -> str:
        """The given key, or the one that is made of the domain."""
        return self.key or self.domain.replace(":", "-")


class SiteChange(Record):
    """New values of a site. A field that is left out keeps its value."""

    model_config = ConfigDict(extra="forbid")

    name: Title | None = None
    """What people call it; empty is its domain."""
    domain: Domain | None = None
    """The domain of the web site, without `https://`."""
    timezone: Zone | None = None
    """The IANA time zone in which its days begin; reports of past days use it, too."""
    visibility: Visibility | None = None
    """Who may read it: `private` is its members, `members` every account, `public` anybody."""
    hostnames: Hostnames | None = None
    """The hosts whose events are stored, `*.example.com` for all below one. Empty is all hosts."""
    ingest_key_required: bool | None = None
    """Whether events are taken only with an API key that may send them, or an editor's login."""
    page_rules: PageRules | None = None
    """Which different addresses are one page from now on: `slash` (/about/ is /about), `index`
    (/docs/index.html is /docs/), `session` (;jsessionid=… is cut). Empty is none."""


class SiteOut(Record):
    """A site, and what the caller is to it."""

    key: str
    """What trackers and queries call it."""
    domain: str
    """The domain of the web site."""
    name: str
    """What people call it."""
    timezone: str
    """The IANA time zone of its days."""
    visibility: Visibility
    """Who may read it: its members, every account, or anybody."""
    is_demo: bool
    """Whether its traffic is made up."""
    hostnames: list[str]
    """The hosts whose events are stored; all without any."""
    ingest_key_required: bool
    """Whether events are taken only with an API key that may send them, or an editor's login."""
    page_rules: list[PageRule]
    """Which different addresses are one page."""
    created_at: Instant
    """When it was created."""
    role: Role
    """What the caller may do with it."""


def site_out(site: Site, role: Role) -> SiteOut:
    """A site as responses show it to a caller with this role."""
    return SiteOut.model_validate({**site.model_dump(), "role": role})
