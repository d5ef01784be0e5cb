"""Background jobs for superusers: GET /api/background-jobs, the state and the log of each, and
POST /api/jobs/{name}/run.

They are run by one process of all (see db/scheduler.py), which may be another than the one that is
asked: what became of them is read from the database.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request

from api.auth.access import RequestActor, superuser
from api.auth.application import AppDatabase
from api.auth.trail import Action
from api.db.database import Database
from api.db.runs import KEPT_RUNS, SQL
from api.db.scheduler import Job
from api.db.sql_files import execute
from api.errors import REFUSALS, NotFound, Problem
from api.instants import Instant
from api.schema import Record
from api.text import PlainText

router = APIRouter(
    prefix="/api",
    tags=["jobs"],
    dependencies=[Depends(superuser)],
    responses={403: REFUSALS[403]},
)


class RunOut(Record):
    """One time that a background job ran."""

    started_at: Instant
    """When it began."""
    finished_at: Instant
    """When it ended."""
    duration_seconds: float
    """How many seconds it took."""
    status: Literal["done", "failed"]
    """How it ended."""
    was_asked: bool
    """Whether somebody had asked for it."""
    result: str | None
    """What it did, often a number; null for nothing."""
    error: str | None
    """Why it failed; null unless it did."""


class BackgroundJobOut(Record):
    """A background job, and its latest run."""

    name: str
    """Its name in addresses."""
    title: str
    """What it does."""
    every_seconds: float
    """How many seconds after a run the next one is due."""
    status: Literal["waiting", "running", "done", "failed"]
    """`waiting` before its first run, `running`, or how the latest one ended."""
    started_at: Instant | None
    """When the latest run began; null before the first one."""
    finished_at: Instant | None
    """When the latest run that is over ended; null before."""
    duration_seconds: float | None
    """How many seconds the latest run took; null while it lasts, and before the first one."""
    next_due_at: Instant | None
    """When it is due next; null before the first run."""
    asked_at: Instant | None
    """Since when somebody waits for a run; null if nobody does."""
    result: str | None
    """What the latest run that is over did, often a number; null for nothing."""
    error: str | None
    """Why it failed; null unless it did."""


class BackgroundJobWithRuns(BackgroundJobOut):
    """A background job with its log."""

    runs: list[RunOut]
    """The latest runs that did something, failed or were asked for, newest first; at most 100."""


async def jobs_of(request: Request) -> Mapping[str, Job]:
    """The background jobs of this installation, by their names in addresses."""
    jobs: Sequence[Job] = request.app.state.jobs
    return {slug(job): job for job in jobs}


AppJobs = Annotated[Mapping[str, Job], Depends(jobs_of)]


def slug(job: Job) -> str:
    """The name of a job in addresses: `refresh-rollups`."""
    return job.name.lower().replace(" ", "-")


async def job_in_path(
    jobs: AppJobs,
    name: Annotated[PlainText, Path(max_length=100, description="The `name` of the job.")],
) -> Job:
    """The background job of this name. Raises NotFound, with those that there are."""
    if name not in jobs:
        problem = Problem("name", "is no background job", sorted(jobs))
        raise NotFound("There is no such background job.", [problem])
    return jobs[name]


NamedJob = Annotated[Job, Depends(job_in_path)]


@router.get("/background-jobs", name="list_background")
async def list_background(jobs: AppJobs, database: AppDatabase) -> list[BackgroundJobOut]:
    """What the service does of its own accord: each job with its latest run. Superusers only."""
    return await states_of(database, [*jobs.values()])


@router.get("/background-jobs/{name}", name="read_background")
async def read_background(job: NamedJob, database: AppDatabase) -> BackgroundJobWithRuns:
    """A background job with its log. Superusers only."""
    (state,) = await states_of(database, [job])
    asked = {"name": job.name, "limit": KEPT_RUNS}
    runs = await database.rows(SQL / "background_runs.sql", asked)
    return BackgroundJobWithRuns(
        **state.model_dump(), runs=[RunOut.model_validate(timed(run)) for run in runs]
    )


@router.post("/jobs/{name}/run", name="run_background", status_code=202)
async def run_background(
    job: NamedJob, database: AppDatabase, actor: RequestActor
) -> BackgroundJobOut:
    """Asks for a background job to run now: within a second, or once the jobs that run are done.
    Superusers only."""
    async with database.session() as session:
        await actor.record(session, Action.JOB_ASKED, job=job.name)
    async with database.writer() as connection:
        await execute(connection, SQL / "ask_for_run.sql", {"name": job.name})
    (state,) = await states_of(database, [job])
    return state


async def states_of(database: Database, jobs: Sequence[Job]) -> list[BackgroundJobOut]:
    """The states of these jobs, in their order."""
    asked = {"names": [job.name for job in jobs]}
    rows = await database.rows(SQL / "background_jobs.sql", asked)
    by_name = {row["name"]: row for row in rows}
    return [state_of(job, by_name.get(job.name)) for job in jobs]


NEVER = dict.fromkeys(("asked_at", "started_at", "finished_at", "next_due_at", "result", "error"))


def state_of(job: Job, row: Mapping[str, Any] | None) -> BackgroundJobOut:
    found = timed(row or {**NEVER, "status": "waiting"})
    named = {"name": slug(job), "title": job.name, "every_seconds": job.every}
    return BackgroundJobOut.model_validate(found | named)


def timed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with the seconds that its run took, if it is over."""
    is_over = row["status"] in ("done", "failed")
    seconds = (row["finished_at"] - row["started_at"]).total_seconds() if is_over else None
    return {**row, "duration_seconds": seconds}
