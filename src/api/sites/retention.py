"""How long a site keeps its raw data. What happens then: api.events.removal.expiry."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from api.sites.models import Site
from settings import LEAST_RETENTION_DAYS, LONGEST_RETENTION_DAYS, Settings

ALLOWED = f"0 (for ever), {LEAST_RETENTION_DAYS} to {LONGEST_RETENTION_DAYS}, or null"


def known_retention(value: Any, is_whole: ValidatorFunctionWrapHandler) -> int | None:
    """A number of days that raw data can be kept. Raises ValueError, saying which can."""
    with suppress(ValidationError):
        days: int | None = is_whole(value)
        if not days or LEAST_RETENTION_DAYS <= days <= LONGEST_RETENTION_DAYS:
            return days
    raise ValueError(f"must be {ALLOWED} (what the installation says)")


class Days(BaseModel):
    """For how many days; 0 is for ever, null what the installation says."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[int | None, WrapValidator(known_retention)] = Field(description=ALLOWED)


class Retention(BaseModel):
    """What a site keeps of its raw data."""

    days: int | None
    """What was said of this site; null where nothing was."""
    effective_days: int
    """What holds; 0 is for ever."""
    kept_since: datetime | None
    """Raw data before this is gone; null where nothing is. Rollups reach further back."""


def retention_of(site: Site, settings: Settings) -> Retention:
    """What holds for a site."""
    own = site.retention_days
    effective = settings.retention_days if own is None else own
    return Retention(days=own, effective_days=effective, kept_since=site.raw_data_since)
