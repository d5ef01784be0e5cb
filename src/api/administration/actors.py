"""Who changes something, for the audit log."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from api.auth.access import KnownCaller
from api.auth.trail import Action, record
from api.limits import network_of


@dataclass(frozen=True, slots=True)
class Actor:
    """An account and the network that it comes from; no account for the command line."""

    account: int | None = None
    network: str = ""

    async def record(
        self, session: AsyncSession, action: Action, site_id: int, **detail: Any
    ) -> None:
        """Adds what the actor does to a site to the audit log, in the transaction that does it."""
        await record(session, action, self.account, site_id, self.network, **detail)


OPERATOR = Actor()
"""Whoever runs commands on the machine."""


def actor_of(request: Request, caller: KnownCaller) -> Actor:
    """Who sends this request. Raises Unauthenticated and Forbidden (see known_caller)."""
    address = request.client.host if request.client else ""
    return Actor(caller.account.number, network_of(address))


RequestActor = Annotated[Actor, Depends(actor_of)]
