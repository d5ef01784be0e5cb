"""Tells the owner of a submitted job by a notification that it is done or has failed."""

from collections.abc import Mapping
from typing import Any

from api.events.write.sql import Connection
from api.notifications.models import Kind, Notice
from api.notifications.store import notify
from api.submitted.models import Status


async def tell_owner(connection: Connection, job: Mapping[str, Any]) -> None:
    """Notifies the owner of a job that has ended, in the transaction in which it ends. A program
    that submitted it with an API key asks for it, and nobody is notified."""
    if job["key_id"] is not None:
        return
    is_done = job["status"] == Status.DONE
    notice = Notice(
        Kind.JOB_DONE if is_done else Kind.JOB_FAILED,
        job["site_id"],
        {"report": job["report"]} | ({} if is_done else {"error": job["error"]["error"]}),
        f"/api/jobs/{job['id']}/result" if is_done else "",
        f"job {job['number']}",
    )
    await notify(connection, notice, [job["user_id"]])
