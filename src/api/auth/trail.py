"""The audit log: who did what, and what was tried. Rows are added only."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg import AsyncConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

INSERT = """
insert into audit_log (actor, action, site_id, network, detail)
values (:actor, :action, :site_id, :network, cast(:detail as jsonb))
"""


class Action(StrEnum):
    """What the audit log tells of."""

    REGISTERED = "registered"
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    LOGGED_IN_FROM_NEW_NETWORK = "logged_in_from_new_network"
    LOGIN_FAILED = "login_failed"
    LOGIN_BLOCKED = "login_blocked"
    """A login that failed and left no more tries (see tries.py)."""
    TOKEN_REUSED = "token_reused"  # noqa: S105
    ERASED = "erasure"
    BOT_MOVED = "bot"
    RETENTION_CHANGED = "retention"
    SITE_CREATED = "site_created"
    SITE_CHANGED = "site_changed"
    SITE_DELETED = "site_deleted"
    MEMBER_ADDED = "member_added"
    MEMBER_REMOVED = "member_removed"
    ROLE_CHANGED = "role_changed"
    SITE_TRANSFERRED = "site_transferred"
    INVITED = "invited"
    INVITATION_REVOKED = "invitation_revoked"
    INVITATION_ACCEPTED = "invitation_accepted"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    KEY_FROM_NEW_NETWORK = "key_from_new_network"
    SHARE_CREATED = "share_created"
    SHARE_REVOKED = "share_revoked"
    SHARE_PASSWORD_WRONG = "share_password_wrong"  # noqa: S105
    USER_CHANGED = "user_changed"
    USER_ACTIVATED = "user_activated"
    USER_DEACTIVATED = "user_deactivated"
    USER_DELETED = "user_deleted"
    SUPERUSER_GRANTED = "superuser_granted"
    SUPERUSER_REVOKED = "superuser_revoked"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    PASSWORD_RESET = "password_reset"  # noqa: S105
    RESET_ASKED = "reset_asked"
    LOGINS_ENDED = "logins_ended"
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    RECOVERY_CODE_USED = "recovery_code_used"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    SQL_ROLE_CREATED = "sql_role_created"
    SQL_ROLE_REVOKED = "sql_role_revoked"
    JOB_ASKED = "job_asked"


SECURITY = frozenset(
    (
        Action.LOGGED_IN_FROM_NEW_NETWORK,
        Action.LOGIN_FAILED,
        Action.LOGIN_BLOCKED,
        Action.TOKEN_REUSED,
        Action.KEY_FROM_NEW_NETWORK,
        Action.SHARE_PASSWORD_WRONG,
    )
)
"""What an attack looks like."""


async def delete_old_entries(connection: AsyncConnection[Any], before: datetime) -> None:
    """Deletes the entries before this time, which is at least 30 days ago, with their alerts."""
    await connection.execute(
        "with gone as (delete from audit_log where at < %s returning id)"
        " delete from alert using gone where alert.entry = gone.id",
        [before],
    )


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


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something: the number of an account, and the network that it comes from (see
    network_of); no account for the command line."""

    account: int | None = None
    network: str = ""

    async def record(
        self, session: AsyncSession, action: Action, site_id: int | None = None, **detail: Any
    ) -> None:
        """Adds what the actor does to the audit log, in the transaction that does it."""
        await record(session, action, self.account, site_id, self.network, **detail)


OPERATOR = Actor()
"""Whoever runs commands on the machine."""
