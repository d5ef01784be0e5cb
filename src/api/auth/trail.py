"""The audit log: who did what, and what was tried. Rows are added only."""

import json
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

INSERT = """
insert into audit_log (actor, action, site_id, network, detail)
values (:actor, :action, :site_id, :network, cast(:detail as jsonb))
"""


class Action(StrEnum):
    """What the audit log tells of. Those of security are what an attack looks like."""

    REGISTERED = "registered"
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    LOGIN_FAILED = "login_failed"
    TOKEN_REUSED = "token_reused"  # noqa: S105
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    KEY_FROM_NEW_NETWORK = "key_from_new_network"
    SHARE_CREATED = "share_created"
    SHARE_REVOKED = "share_revoked"
    SHARE_PASSWORD_WRONG = "share_password_wrong"  # noqa: S105


async def record(
    session: AsyncSession,
    action: Action,
    actor: int | None,
    site_id: int | None = None,
    network: str = "",
    **detail: Any,
) -> None:
    """Adds a row to the audit log, with the transaction that does what it tells of. `actor` is the
    number of an account, `network` where the request came from (see network_of)."""
    values = {"actor": actor, "action": action, "site_id": site_id, "network": network}
    await session.execute(text(INSERT), values | {"detail": json.dumps(detail)})
