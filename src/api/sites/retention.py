"""The retention setting of a site. api.events.removal.expiry removes what it does not keep."""

from contextlib import suppress
from typing import Annotated, Any

from pydantic import (
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from api.instants import Instant
from api.schema import Record
from api.sites.models import Site
from settings import LEAST_RETENTION_DAYS, LONGEST_RETENTION_DAYS, Settings

ALLOWED = f"0 (for ever), {LEAST_RETENTION_DAYS} to {LONGEST_RETENTION_DAYS}, or null"


def parse_retention(value: Any, is_whole: ValidatorFunctionWrapHandler) -> int | None:
    """The number of days, or None. Raises ValueError, saying what is allowed, for others."""
    with suppress(ValidationError):
        days: int | None = is_whole(value)
        if not days or LEAST_RETENTION_DAYS <= days <= LONGEST_RETENTION_DAYS:
            return days
    raise ValueError(f"must be {ALLOWED} (the setting of the installation)")


class Days(Record):
    """For how many days raw data is kept: 0 for ever, null as the installation does."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[int | None, WrapValidator(parse_retention)] = Field(
        description=f"Days for which raw data is kept: {ALLOWED} (as the installation does)."
    )


class Retention(Record):
    """For how long a site keeps raw data."""

    days: int | None
    """The site's own setting in days, 0 for ever; null without one."""
    effective_days: int
    """The setting that is in force, in days; 0 is for ever."""
    raw_data_since: Instant | None
    """Raw data before this has expired; null if none has. Rollups reach further back."""


def retention_of(site: Site, settings: Settings) -> Retention:
    """The retention of a site, with the default of the installation."""
    own = site.retention_days
    effective = settings.retention_days if own is None else own
    return Retention(days=own, effective_days=effective, raw_data_since=site.raw_data_since)
