"""What an archive says of itself: manifest.json."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from api.administration.site_models import Domain, Hostnames, Key, PageRules, Title, Zone
from api.analytics.goals.store import MAX_GOALS
from api.analytics.segments.models import Filters
from api.analytics.segments.store import MAX_SEGMENTS
from api.analytics.vocabulary.filters import parse_clauses
from api.analytics.vocabulary.steps import Condition, Name
from api.errors import Invalid
from api.schema import Record
from api.sites.models import Visibility
from settings import LONGEST_RETENTION_DAYS

MANIFEST = "manifest.json"
"""The name of the manifest in an archive."""

FORM = 1
"""The form of archives that this release writes and reads."""

MOST_MANIFEST_BYTES = 16 * 1024 * 1024

BigInt = Annotated[int, Field(ge=0, lt=2**63)]
SmallInt = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int, Field(ge=0)]
Identifier = Annotated[str, Field(max_length=63, pattern=r"^[a-z_][a-z0-9_]*$")]


class Strict(Record):
    """A part of the manifest. Fields that this release does not know are refused: an import would
    lose what they say."""

    model_config = ConfigDict(extra="forbid")


def monday(time: datetime | None) -> datetime | None:
    """The time itself. Raises ValueError unless it is midnight of a Monday in UTC, as lines are."""
    if time is not None:
        time = time.astimezone(UTC)
        if time.weekday() or time != time.replace(hour=0, minute=0, second=0, microsecond=0):
            raise ValueError("is not midnight of a Monday in UTC")
    return time


class ArchivedSite(Strict):
    """The settings of the site, by the names of its columns."""

    number: Annotated[SmallInt, Field(ge=1)]
    """Its id. It keeps it where that is free."""
    key: Key
    domain: Domain
    name: Title
    timezone: Zone
    visibility: Visibility
    identified: bool
    is_demo: bool
    retention_days: Annotated[int, Field(ge=0, le=LONGEST_RETENTION_DAYS)] | None
    raw_data_since: Annotated[AwareDatetime | None, AfterValidator(monday)]
    visitors_numbered: SmallInt
    """How many visitors have a number, of those that are gone, too."""
    hostnames: Hostnames
    ingest_key_required: bool
    visitor_space: SmallInt
    visitor_mask: BigInt
    page_rules: PageRules
    created_at: AwareDatetime


class ArchivedGoal(Condition):
    """A saved goal."""

    name: Name


def readable(filters: str) -> str:
    """The filters themselves. Raises ValueError for text that is none. They may be about a goal
    that was deleted since."""
    try:
        parse_clauses(filters)
    except Invalid as error:
        raise ValueError(error.detail) from error
    return filters


class ArchivedSegment(Strict):
    """A segment of the site. Those of accounts are not in an archive."""

    name: Name
    filters: Annotated[Filters, AfterValidator(readable)]


class ArchivedRollup(Strict):
    """What a rollup knows of the time before the raw data begins."""

    fingerprint: str
    """Which declaration its rows fit."""
    complete_since: AwareDatetime | None
    """Before it rows are missing; null for never."""


class ArchivedPart(Strict):
    """A file of rows in the archive, and the columns that they have."""

    name: Annotated[str, Field(max_length=200, pattern=r"^[a-z0-9_/]+$")]
    columns: list[Identifier]
    rows: Count

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"{self.name}.ndjson"


class Manifest(Strict):
    """What is in an archive."""

    form: Literal[1]
    archive: UUID
    """Tells archives apart: each is imported once."""
    version: str
    """The release that wrote it."""
    exported_at: AwareDatetime
    """The moment whose data it has."""
    site: ArchivedSite
    goals: Annotated[list[ArchivedGoal], Field(max_length=MAX_GOALS)]
    segments: Annotated[list[ArchivedSegment], Field(max_length=MAX_SEGMENTS)]
    rollups: dict[str, ArchivedRollup]
    """Of a site whose raw data has expired: the rollups whose rows are there. Empty of others."""
    parts: list[ArchivedPart]

    @property
    def numbers(self) -> dict[str, int]:
        """How many rows there are, by part."""
        return {part.name: part.rows for part in self.parts}


def site_values(site: ArchivedSite) -> dict[str, Any]:
    """The values of the columns of a site that are those of the archive from the beginning."""
    others = {"number", "key", "domain", "visibility"}
    rules = [str(rule) for rule in site.page_rules]
    return {**site.model_dump(exclude=others), "page_rules": rules}
