"""How long a site keeps its raw data. What happens then: api.events.retention."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.sites.models import Site
from settings import LEAST_RETENTION_DAYS, LONGEST_RETENTION_DAYS, Settings


class Days(BaseModel):
    """For how many days; 0 is for ever, null what the installation says."""

    model_config = ConfigDict(extra="forbid")

    days: (
        Annotated[int, Field(ge=0, le=0)]
        | Annotated[int, Field(ge=LEAST_RETENTION_DAYS, le=LONGEST_RETENTION_DAYS)]
        | None
    )


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
    return Retention(days=own, effective_days=effective, kept_since=site.kept_since)
