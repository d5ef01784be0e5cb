"""Invitations to a site: as rows of the database, in requests and in responses."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, StringConstraints
from pydantic import Field as Declared
from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field, SQLModel

from api.auth.models import Email
from api.instants import Instant
from api.schema import Record
from api.sites.models import Role, utc_now
from api.text import PlainText

LONGEST_DAYS = 30


class Invitation(SQLModel, table=True):
    """A role on a site for whoever has its token. It is good once."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    site_id: int
    role: str
    email: str = ""
    """The e-mail address of the only account that may accept it; '' for any."""
    hash: bytes
    created_by: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    expires_at: datetime = Field(
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )

    @property
    def number(self) -> int:
        """The id of a stored invitation."""
        assert self.id is not None
        return self.id


class NewInvitation(Record):
    """An invitation to make."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    """What whoever accepts it may do. Admins invite editors and viewers, owners anybody."""
    email: Email | None = None
    """The e-mail address of the account that may accept it; without it any account may."""
    days: Annotated[int, Declared(ge=1, le=LONGEST_DAYS)] = 7
    """After how many days it expires."""


class InvitationOut(Record):
    """An invitation that nobody has accepted yet."""

    id: int
    """The number of the invitation, by which it is revoked."""
    role: Role
    """What whoever accepts it may do."""
    email: str
    """The e-mail address of the account that may accept it; empty for any account."""
    created_at: Instant
    """When it was made."""
    expires_at: Instant
    """Until when it can be accepted."""


class InvitationMade(InvitationOut):
    """A new invitation with its secret, which is shown only now."""

    token: str
    """What is handed in to accept it."""
    url: str
    """The page to give to whom is invited; it contains the token."""


class InvitationToken(Record):
    """The token of an invitation."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[PlainText, StringConstraints(max_length=200)]
    """The part of the address of the invitation behind the #."""


class InvitationSeen(Record):
    """What somebody is invited to."""

    site: str
    """The key of the site."""
    name: str
    """What people call the site."""
    domain: str
    """The domain of the site."""
    role: Role
    """What whoever accepts it may do."""
    email: str
    """The e-mail address of the account that may accept it; empty for any account."""
    expires_at: Instant
    """Until when it can be accepted."""
