"""Accounts in the database, in requests and in responses. No table class is a request body."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    ConfigDict,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic import Field as Declared
from sqlalchemy import BigInteger, DateTime
from sqlmodel import Field, SQLModel

from api.auth.strength import refuse_guessable
from api.instants import Instant
from api.schema import Record
from api.sites.models import utc_now
from api.text import PlainText, refuse_unstorable


class User(SQLModel, table=True):
    """An account: somebody who can log in."""

    __tablename__ = "app_user"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    username: str
    email: str
    full_name: str = ""
    password_hash: str | None
    is_superuser: bool = False
    is_active: bool = True
    totp_secret: str | None = None
    totp_since: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    """Since when logging in takes a second factor; None while it does not."""
    totp_last_step: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )

    @property
    def number(self) -> int:
        """The id of a stored account."""
        assert self.id is not None
        return self.id


def fits_bcrypt(password: str) -> str:
    """The password itself. Raises ValueError over 72 bytes: bcrypt would ignore the rest."""
    if len(password.encode("utf-8", "replace")) > 72:
        raise ValueError("must be at most 72 bytes long")
    return refuse_unstorable(password)


def refuse_encoded(address: str) -> str:
    """The address itself. Raises ValueError for one with an encoded word (RFC 2047) in it: programs
    that send mail read =?utf-8?q?ann?=@home.example as ann@home.example, who is somebody else."""
    if "=?" in address:
        raise ValueError("must not contain =?")
    return address


EMAIL = r"^[!#-'*+/-9=?A-Z^-~.-]+@[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z])?$"
"""An address in ASCII without a dot at the end: else one would have several spellings, and letters
of other scripts would make it look like the address of somebody else."""

Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, max_length=254, pattern=EMAIL),
    AfterValidator(refuse_encoded),
]
Username = Annotated[
    str,
    # Never an @: a name must not be the e-mail address of somebody else.
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=50, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]+$"
    ),
]
FullName = Annotated[PlainText, StringConstraints(strip_whitespace=True, max_length=100)]
Password = Annotated[str, AfterValidator(fits_bcrypt)]
NewPassword = Annotated[
    str,
    StringConstraints(min_length=8),
    AfterValidator(fits_bcrypt),
    AfterValidator(refuse_guessable),
]
Secret = Annotated[PlainText, StringConstraints(max_length=200)]
"""A random secret that the service made (see tokens.new_secret)."""
Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9A-Za-z -]{6,40}$")]
LoginName = Annotated[
    PlainText, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=254)
]


class Credentials(Record):
    """What somebody logs in with."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[LoginName, Declared(validation_alias=AliasChoices("username", "email"))]
    """The name or the e-mail address of the account, in any case. `email` is taken for it."""
    password: Password
    """At most 72 bytes in UTF-8."""
    code: Code | None = None
    """Where the account has a second factor: a code of the authenticator, or a recovery code."""


class Registration(Record):
    """A new account."""

    model_config = ConfigDict(extra="forbid")

    username: Username | None = None
    """What the account logs in with, besides its e-mail address: two or more letters, digits, dots,
    hyphens and underscores. By default the e-mail address."""
    email: Email
    """The e-mail address."""
    password: NewPassword
    """At least 8 characters, and at most 72 bytes in UTF-8; none of the commonest, and not like the
    name or the e-mail address."""
    full_name: FullName = ""
    """How the dashboard calls the person."""
    invitation: Secret | None = None
    """The token of an invitation. Some installations take registrations with one only."""

    @field_validator("password")
    @classmethod
    def refuse_own_names(cls, value: str, info: ValidationInfo) -> str:
        """Refuses a password like the name or the e-mail address of the account."""
        return refuse_guessable(value, info.data.get("username"), info.data.get("email"))


class UserOut(Record):
    """An account in responses, without secrets."""

    id: int
    """The number of the account."""
    username: str
    """What the account logs in with, besides its e-mail address."""
    email: str
    """The e-mail address."""
    full_name: str
    """How the dashboard calls the person; may be empty."""
    is_superuser: bool
    """Whether it may read and change every site."""
    is_active: bool
    """Whether it may log in."""
    created_at: Instant
    """When the account was made."""


def user_out(user: User) -> UserOut:
    """An account as responses show it."""
    return UserOut.model_validate(user, from_attributes=True)


class RefreshIn(Record):
    """A refresh token."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: Secret
    """The one of the last answer; each is good once."""


class Token(Record):
    """A login: send it as `Authorization: Bearer <access_token>`."""

    access_token: str
    """The token, a JWT."""
    token_type: Literal["bearer"] = "bearer"  # noqa: S105
    """The scheme of the Authorization header."""
    expires_in: int
    """Seconds until the token expires."""
    refresh_token: str
    """What `POST /api/auth/refresh` exchanges for the next tokens. It is good once."""


class Verified(Record):
    """A token that is valid."""

    valid: Literal[True] = True
    """Always true; a token that is not valid is refused with 401."""
    username: str
    """The account that it belongs to."""
