"""Submitted jobs: as rows of the database, in requests and in responses."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import BigInteger, DateTime
from sqlalchemy.dialects.postgresql import JSON
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from api.errors import Conflict, Refusal
from api.instants import Instant
from api.schema import Record
from api.sites.models import utc_now
from api.submitted.kinds import KINDS
from api.text import PlainText


class NotDone(Conflict):
    """The job is not done yet."""

    code = "NOT_DONE"


class Status(StrEnum):
    """How far a submitted job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


Body = tuple[str, str, str | None]
"""What was submitted, to compare it: report, parameters as JSON with sorted keys, webhook."""


class SubmittedJob(SQLModel, table=True):
    """A question that a user has submitted, and what became of it. Jobs are numbered in the order
    in which they came; `id` is unique among those of one account."""

    __tablename__ = "submitted_job"  # pyright: ignore[reportAssignmentType]

    number: int | None = Column(default=None, primary_key=True, sa_type=BigInteger)
    user_id: int
    id: UUID
    site_id: int
    report: str
    params: str
    """JSON as it was given, with sorted keys."""
    webhook_url: str | None = None
    key_id: int | None = Column(default=None, sa_type=BigInteger)
    """The API key by which it was submitted, which must still be good when it is answered."""
    status: str = Status.QUEUED
    attempts: int = 0
    progress: float | None = None
    created_at: datetime = Column(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    started_at: datetime | None = Column(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    finished_at: datetime | None = Column(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    expires_at: datetime | None = Column(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    bytes: int | None = Column(default=None, sa_type=BigInteger)
    headers: dict[str, str] | None = Column(default=None, sa_type=JSON(none_as_null=True))  # pyright: ignore[reportArgumentType]
    """Headers of the response with the result."""
    error: dict[str, Any] | None = Column(default=None, sa_type=JSON(none_as_null=True))  # pyright: ignore[reportArgumentType]
    """The body of a refusal."""
    webhook_calls: int = 0
    next_call_at: datetime | None = Column(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    delivered_at: datetime | None = Column(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )

    @property
    def row(self) -> int:
        """The number of a stored job."""
        assert self.number is not None
        return self.number

    @property
    def body(self) -> Body:
        """What was submitted."""
        return self.report, self.params, self.webhook_url


class WebhookIn(Record):
    """Where to send a message when the job is done or has failed."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[PlainText, Field(min_length=1, max_length=2000)]
    """An https address with public IP addresses only, at port 443 or above 1023, or what
    WEBHOOK_HOSTS allows."""


Value = str | bool | int | Annotated[float, Field(allow_inf_nan=False)] | None
"""The value of a parameter, as text or as what it is in JSON."""


class JobIn(Record):
    """A question to answer later."""

    model_config = ConfigDict(extra="forbid")

    report: Annotated[str, Field(max_length=100, json_schema_extra={"enum": [*KINDS]})]
    """What is asked for: the name of a report, or of a list of raw data."""
    params: dict[str, Value | list[Value]] = Field(default_factory=dict[str, Value | list[Value]])
    """The parameters of the GET that answers the same at once, by name."""
    webhook: WebhookIn | None = None
    """Where to send a message at the end; null for nowhere."""
    id: UUID | None = None
    """A new id of the caller's own, with which the request can be sent again and makes one job. By
    default the service makes one."""

    @property
    def body(self) -> Body:
        """Report, parameters and webhook, to tell whether two requests are the same; the order of
        the parameters does not matter."""
        params = json.dumps(self.params, sort_keys=True)
        return self.report, params, self.webhook and self.webhook.url


class WebhookOut(Record):
    """The webhook of a job, and how far its delivery is."""

    url: str
    """Where the message is sent."""
    calls: int
    """How often it has been sent."""
    next_call_at: Instant | None
    """When it is sent next; null before the job is finished, and when it is not sent again."""
    delivered_at: Instant | None
    """When the receiver accepted it; null until then."""


class JobOut(Record):
    """A submitted job."""

    id: UUID
    """The id of the job."""
    report: str
    """What was asked for."""
    params: dict[str, Any]
    """The parameters as they were given."""
    status: Status
    """queued, running, done or failed."""
    attempts: int
    """How often it was begun. A job that is interrupted is begun again, three times at most."""
    progress: float | None
    """About how much of its answer is stored, from 0 to 1, while it runs; null where that is not
    known. Of a list of raw data it is told by the time of the last row."""
    created_at: Instant
    """When it was submitted."""
    started_at: Instant | None
    """When it was last begun; null before."""
    finished_at: Instant | None
    """When it was done or failed; null before."""
    expires_at: Instant | None
    """When job and result are deleted; null before it is finished."""
    bytes: int | None
    """The length of the result in bytes; null without one."""
    error: Refusal | None
    """Why it failed, as the report would have been refused; null unless it failed."""
    webhook: WebhookOut | None
    """Its webhook; null without one."""


class JobAccepted(JobOut):
    """A job that was accepted just now."""

    webhook_secret: str | None
    """The secret with which the messages of this job are signed (Standard Webhooks, `whsec_…`).
    Only this response tells it. Null without a webhook."""


def fields_of(job: SubmittedJob) -> dict[str, Any]:
    """The fields of JobOut."""
    webhook = job.webhook_url and WebhookOut(
        url=job.webhook_url,
        calls=job.webhook_calls,
        next_call_at=job.next_call_at,
        delivered_at=job.delivered_at,
    )
    return {
        **job.model_dump(include={*JobOut.model_fields}),
        "params": cast(dict[str, Any], json.loads(job.params)),
        "webhook": webhook,
    }
