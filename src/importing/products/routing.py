"""GET /api/sites/{key}/imports and DELETE /api/sites/{key}/imports/{import_id}."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from api.auth.access import EditableSite
from api.auth.application import AppDatabase
from api.errors import REFUSALS
from importing.products.stored import Import, erase_import, list_imports

router = APIRouter(
    prefix="/api/sites/{key}/imports", tags=["sites"], responses={403: REFUSALS[403]}
)


@router.get("")
async def list_imports_of_site(site: EditableSite, database: AppDatabase) -> list[Import]:
    """The imports of numbers that another product counted, the latest first: those of which the
    report `imported` still has something."""
    return await list_imports(database, site)


@router.delete("/{import_id}", status_code=204)
async def erase_import_of_site(
    import_id: Annotated[UUID, Path(description="The `id` of the import.")],
    site: EditableSite,
    database: AppDatabase,
) -> None:
    """Erases an import with its numbers. What earlier imports had of the same days was replaced by
    it, and does not come back."""
    await erase_import(database, site, import_id)
