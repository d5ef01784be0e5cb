"""Users in the database, in requests and in responses. The table class is never a request body."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field, SQLModel

from api.instants import Instant
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


class Login(BaseModel):
    """E-mail and password."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    password: Password


class Registration(BaseModel):
    """A new account."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    password: NewPassword
    name: Annotated[PlainText, StringConstraints(strip_whitespace=True, max_length=100)] = ""


class UserOut(BaseModel):
    """A user in responses, without secrets."""

    id: int
    email: str
    name: str
    is_admin: bool
    created_at: Instant


class Token(BaseModel):
    """A login: send it as `Authorization: Bearer <access_token>`."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105
    expires_in: int
    """Seconds."""
