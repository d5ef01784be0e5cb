"""Which boards a share link may be made to."""

from collections.abc import Generator
from contextlib import contextmanager

from api.analytics.boards.rules import visible_board
from api.analytics.boards.store import item_by_id, no_board
from api.auth.callers import Caller
from api.errors import NotFound, invalid
from api.sites.directory import Sites
from api.sites.models import Site


async def refuse_unseen_board(
    sites: Sites, caller: Caller, site: Site, number: int, item: int | None
) -> None:
    """Raises Invalid for a board that is none of the site, or that the caller does not see, and for
    an item that is not on it."""
    with found_in("board"):
        board, _ = await visible_board(sites, caller, number)
        if board.site_id != site.id:
            raise no_board()
    if item is not None:
        with found_in("item"):
            await item_by_id(sites.database, board, item)


@contextmanager
def found_in(field: str) -> Generator[None]:
    """What is not found here is a field of the body that is not valid."""
    try:
        yield
    except NotFound as error:
        raise invalid(field, "is unknown, or you may not see it") from error
