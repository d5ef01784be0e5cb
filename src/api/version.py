"""GET /api/version: the version of the product and of its API."""

from fastapi import APIRouter, Request

from api.auth.application import database_of
from api.db.engine import Profile
from api.schema import Record

VERSION = "0.1.0"
"""The version of the product, by semantic versioning."""

API_VERSION = 1
"""The version of the API. docs/api.md says which changes need another one."""

router = APIRouter(tags=["service"])


class Version(Record):
    """What runs here."""

    version: str
    """The version of the product, by semantic versioning."""
    api: int
    """The major version of the API; it is 1 for every path that has no version in it."""
    engine: Profile
    """What kind of server the database is."""


@router.get("/api/version")
async def version(request: Request) -> Version:
    """The version of the product and of its API, and the kind of the database server."""
    return Version(version=VERSION, api=API_VERSION, engine=database_of(request).engine.profile)
