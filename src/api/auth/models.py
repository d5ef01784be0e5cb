"""Users in the database, in requests and in responses. The table class is never a request body."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, StringConstraints
from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field, SQLModel

from api.instants import Instant
from api.schema import Record
from api.sites.models import utc_now
from api.text import PlainText, refuse_unstorable


class User(SQLModel, table=True):
    """Somebody who can log in."""

    __tablename__ = "app_user"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    email: str
    name: str = ""
    password_hash: str
    is_admin: bool = False
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )


def fits_bcrypt(password: str) -> str:
    """The password itself. Raises ValueError over 72 bytes: bcrypt would ignore the rest."""
    if len(password.encode("utf-8", "replace")) > 72:
        raise ValueError("must be at most 72 bytes long")
    return refuse_unstorable(password)


Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$"
    ),
]
Password = Annotated[str, AfterValidator(fits_bcrypt)]
NewPassword = Annotated[str, StringConstraints(min_length=8), AfterValidator(fits_bcrypt)]


class Login(Record):
    """E-mail and password."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    """The e-mail address of the account, in any case."""
    password: Password
    """At most 72 bytes in UTF-8."""


class Registration(Record):
    """A new account."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    """The e-mail address, which is what the account logs in with."""
    password: NewPassword
    """At least 8 characters, and at most 72 bytes in UTF-8."""
    name: Annotated[PlainText, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    """How the dashboard calls the person."""


class UserOut(Record):
    """A user in responses, without secrets."""

    id: int
    """The number of the account."""
    email: str
    """The e-mail address, which is what the account logs in with."""
    name: str
    """How the dashboard calls the person; may be empty."""
    is_admin: bool
    """Whether it may read and change every site."""
    created_at: Instant
    """When the account was made."""


class Token(Record):
    """A login: send it as `Authorization: Bearer <access_token>`."""

    access_token: str
    """The token, a JWT."""
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    """The scheme of the Authorization header."""
    expires_in: int
    """Seconds until the token expires."""
