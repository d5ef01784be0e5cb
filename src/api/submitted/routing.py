"""POST and GET /api/jobs, GET and DELETE /api/jobs/{id}, GET /api/jobs/{id}/result."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.analytics.parquet_rows import PARQUET_TYPE
from api.auth.access import KnownCaller, is_member, site_of_member
from api.auth.application import AppDatabase, AppSettings, AppSites, database_of, sites_of
from api.auth.callers import Caller
from api.errors import REFUSALS, Invalid, NotFound, Problem
from api.sites.models import Site, utc_now
from api.submitted.kinds import Question, parse_question
from api.submitted.models import (
    JobAccepted,
    JobIn,
    JobOut,
    NotDone,
    Status,
    SubmittedJob,
    fields_of,
)
from api.submitted.receivers import Receivers
from api.submitted.store import delete_job, find_job, find_same, jobs_of, parts_of, submit
from api.submitted.webhooks import secret_of

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

MOST_LISTED = 100

RESULT: dict[str, Any] = {
    "application/json": {"schema": {"description": "The answer of the report."}},
    "text/csv": {},
    "application/x-ndjson": {},
    PARQUET_TYPE: {},
}
"""The content types of results."""


async def receivers_of(settings: AppSettings) -> Receivers:
    return Receivers(settings.webhook_receivers)


AppReceivers = Annotated[Receivers, Depends(receivers_of)]


async def job_in_path(
    caller: KnownCaller,
    database: AppDatabase,
    job_id: Annotated[UUID, Path(description="The `id` of the job.")],
) -> SubmittedJob:
    """The caller's job with the id in the path. Raises NotFound."""
    return await find_job(database, caller, job_id)


OwnJob = Annotated[SubmittedJob, Depends(job_in_path)]


@router.post("", name="submit", status_code=202, responses={409: REFUSALS[409], 429: REFUSALS[429]})
async def submit_job(
    new: JobIn,
    request: Request,
    response: Response,
    caller: KnownCaller,
    database: AppDatabase,
    settings: AppSettings,
    receivers: AppReceivers,
) -> JobAccepted:
    """Submits a question that is answered later: a report, with the parameters that GET takes. At
    most ten jobs of an account wait at a time."""
    own_id, number = new.id or uuid4(), caller.account.number
    job = await find_same(database, number, own_id, new.body)
    if job is None:
        site = await check_new(new, request, caller, receivers)
        report, params, url = new.body
        row = SubmittedJob(
            user_id=number,
            id=own_id,
            site_id=site.number,
            report=report,
            params=params,
            webhook_url=url,
            key_id=caller.key and caller.key.id,
        )
        job = await submit(database, row)
    response.headers["Location"] = f"{router.prefix}/{job.id}"
    secret = secret_of(settings.secret, job.user_id, job.id) if job.webhook_url else None
    return JobAccepted(**fields_of(job), webhook_secret=secret)


async def check_new(new: JobIn, request: Request, caller: Caller, receivers: Receivers) -> Site:
    """The site that a question is about. Raises Invalid with all that is wrong with a question and
    its webhook, Expired, UnknownSite for a site that the caller may not read, and Forbidden to who
    is no member of it."""
    question: Question | None = None
    problems: list[Problem] = []
    try:
        question = parse_question(new.report, new.params)
    except Invalid as error:
        problems += error.problems
    try:
        if new.webhook:
            await receivers.check(new.webhook.url)
    except Invalid as error:
        problems += error.problems
    if question is None or problems:
        raise Invalid(problems=problems)
    site = await site_of_member(sites_of(request), caller, question.params.site)
    await question.check(database_of(request), site)
    return site


@router.get("", name="list")
async def list_jobs(
    caller: KnownCaller,
    database: AppDatabase,
    before: Annotated[
        UUID | None, Query(description="Only those submitted before this one: the next page.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="The most jobs to return.")] = 20,
) -> list[JobOut]:
    """Your jobs, newest first."""
    found = await jobs_of(database, caller, before, limit)
    return [JobOut(**fields_of(job)) for job in found]


@router.get("/{job_id}", name="read")
async def read_job(job: OwnJob) -> JobOut:
    """One of your jobs: how far it is, and why it failed."""
    return JobOut(**fields_of(job))


@router.get(
    "/{job_id}/result",
    name="result",
    response_class=Response,
    responses={200: {"content": RESULT, "description": "The result."}, 409: REFUSALS[409]},
)
async def read_result(
    job: OwnJob, caller: KnownCaller, database: AppDatabase, sites: AppSites
) -> Response:
    """The result of one of your jobs, with the content type and the headers that the report itself
    has. 409 while it is not done, 404 if it failed or has expired, or if you are no member of its
    site any more."""
    if not await is_member(database, caller, await sites.by_id(job.site_id)):
        raise NotFound("You are no member of the site of this job any more.")
    if job.status in (Status.QUEUED, Status.RUNNING):
        raise NotDone(f"The job is {job.status}.")
    if job.status == Status.FAILED or job.expires_at is None or job.expires_at <= utc_now():
        raise NotFound("The job failed and has no result, or its result has expired.")
    return StreamingResponse(parts_of(database, job), headers=job.headers)


@router.delete("/{job_id}", name="delete", status_code=204)
async def delete_submitted(job: OwnJob, database: AppDatabase) -> None:
    """Deletes one of your jobs with its result and its webhook. One that runs is stopped."""
    await delete_job(database, job)
