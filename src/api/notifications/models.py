"""Notifications: what they can tell of, as another package makes one, and in responses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from api.instants import Instant
from api.schema import Record
from api.text import RowNumber

MOST_READ_AT_ONCE = 100


class Kind(StrEnum):
    """What a notification tells of. The words of each are in `static/text/notifications.js`."""

    JOB_DONE = "job_done"
    """A submitted job is done: `report`."""
    JOB_FAILED = "job_failed"
    """A submitted job has failed: `report`, and the code `error`."""
    ALERT_FIRED = "alert_fired"
    """The condition of an alert rule was met: `name` of the rule, its `kind`, and `value`."""
    GOAL_REACHED = "goal_reached"
    """A goal was reached for the first time since it was saved: `goal`."""
    BOARD_CHANGED = "board_changed"
    """Somebody else changed a board that is shared with the account: `name`, and `by` whom."""
    IMPORT_DONE = "import_done"
    """A command has imported: `source` (`log`, `archive`, or a product), and `rows` stored."""
    EXPORT_DONE = "export_done"
    """A command has written everything of a site into a file: `rows`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to notify accounts of."""

    kind: Kind
    site: int | None = None
    """The number of the site that it is about, if it is about one."""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The texts and numbers of the message, by name."""
    link: str = ""
    """The path where more is to be seen, on this service; empty for none."""
    occurrence: str | None = None
    """The name of what happened: an account is told once of each. None is told each time."""


class NotificationOut(Record):
    """Something that an account is told of."""

    id: int
    """Its number: later ones have higher numbers."""
    kind: str
    """What it tells of: `job_done`, `job_failed`, `alert_fired`, `goal_reached`,
    `board_changed`, `import_done`, `export_done`."""
    site: str | None
    """The key of the site that it is about; null for none."""
    site_name: str | None
    """What people call that site; null for none."""
    data: dict[str, Any]
    """What else there is to tell, by the kind."""
    link: str
    """The path on this service where more is to be seen; empty for none."""
    created_at: Instant
    """When it happened."""
    read_at: Instant | None
    """When it was read; null until then."""


class NextNotifications(Record):
    """Where the list goes on."""

    next: int | None
    """The value of the parameter `before` for the next page; null on the last page."""


class RunningJob(Record):
    """A job that the account has submitted, and that runs."""

    id: UUID
    """The id of the job."""
    report: str
    """What was asked for."""
    progress: float | None
    """About how much of its answer is stored, from 0 to 1; null where that is not known."""
    started_at: Instant
    """When it was begun."""


class Inbox(Record):
    """The notifications of an account, a page of them, and what is on its way."""

    unread: int
    """How many it has not read, of all."""
    rows: list[NotificationOut]
    """The notifications, newest first."""
    page: NextNotifications
    """Where the list goes on."""
    running: list[RunningJob]
    """The jobs that the account submitted by a login and that run now."""


class ReadIn(Record):
    """What has been read: single notifications, or all up to one."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[RowNumber], Field(max_length=MOST_READ_AT_ONCE)] | None = None
    """The `id` of each; null to name them by `until`."""
    until: RowNumber | None = None
    """The highest `id` that was shown: all up to it have been read. Null to name them by `ids`."""

    @model_validator(mode="after")
    def refuse_unclear(self) -> Self:
        """Refuses a request that names none, or names them twice."""
        if (self.ids is None) == (self.until is None):
            raise ValueError("give ids or until, and not both")
        return self


class ReadOut(Record):
    """What is left to read."""

    unread: int
    """How many notifications the account has not read."""
