"""How far a submitted job is that runs, as its owner is told while it does."""

from dataclasses import dataclass
from typing import Any

from fastapi import Response

from api.analytics.raw.progress import ListResponse
from api.events.write.sql import Connection
from api.submitted.statements import execute

UNTOLD = object()

DECIMALS = 2
"""A job is told of at most a hundred times, however long it takes."""


@dataclass(slots=True)
class JobProgress:
    """How far a job is."""

    number: int
    response: Response | None = None
    """What is being stored, once it is known."""
    told: Any = UNTOLD
    """What its owner was last told."""

    @property
    def share(self) -> float | None:
        """From 0 to 1; None where nothing tells it: a report is one question."""
        if not isinstance(self.response, ListResponse):
            return None
        share = self.response.progress.share
        return None if share is None else round(share, DECIMALS)

    async def tell(self, connection: Connection) -> None:
        """Stores it, and has the open pages of the owner show it, if it has changed."""
        share = self.share
        if share != self.told:
            self.told = share
            await execute(connection, "set_progress", {"number": self.number, "progress": share})
