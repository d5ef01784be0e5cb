"""/api/boards: boards, their items, and the answers to what their views ask."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from api.analytics.batch import LINES, Lines, as_ready, line_of
from api.analytics.boards.models import (
    Board,
    BoardChange,
    BoardDetail,
    BoardIn,
    BoardItem,
    BoardOut,
    ItemChange,
    ItemIn,
    ItemOut,
    View,
)
from api.analytics.boards.rules import (
    Member,
    Seen,
    changeable_board,
    deletable_board,
    member_of,
    readable_board,
)
from api.analytics.boards.store import (
    Listed,
    add_item,
    boards_of,
    change_board,
    change_item,
    drop_board,
    drop_item,
    item_by_id,
    items_of,
    listed_board,
    save_board,
)
from api.analytics.boards.views import answer_view, check_view
from api.analytics.turns import AppTurns
from api.auth.access import AnyReader, KnownCaller, LoggedIn, SiteName
from api.auth.application import AppDatabase, AppSites
from api.db.database import Database
from api.errors import REFUSALS, invalid
from api.sites.directory import DEFAULT_SITE
from api.sites.models import Role
from api.text import RowNumber

router = APIRouter(prefix="/api/boards", tags=["boards"], responses={403: REFUSALS[403]})

BoardNumber = Annotated[RowNumber, Path(description="The `id` of the board.")]
ItemNumber = Annotated[RowNumber, Path(description="The `id` of the item.")]


@router.get("", name="list")
async def list_boards(
    caller: KnownCaller, database: AppDatabase, sites: AppSites, site: SiteName = DEFAULT_SITE
) -> list[BoardOut]:
    """Your boards about a site, and those that are shared with its members, by name."""
    member = await member_of(sites, caller, site)
    sees_shared = member.has(Role.VIEWER)
    found = await boards_of(database, member.site, member.user_id, sees_shared)
    return [board_out(one, member) for one in found]


@router.post("", name="create", status_code=201, responses={409: REFUSALS[409]})
async def create_board(
    new: BoardIn, caller: LoggedIn, database: AppDatabase, sites: AppSites
) -> BoardDetail:
    """Makes an empty board, for you or for all members of the site."""
    member = await member_of(sites, caller, new.site)
    board = Board(
        site_id=member.site.number,
        owner_id=member.user_id,
        private_to=None if new.shared else member.user_id,
        name=new.name,
    )
    stored = await save_board(database, member.site, board)
    return await detail(database, Seen(stored, member.site, member))


@router.get("/{number}", name="read")
async def read_board(
    number: BoardNumber, caller: AnyReader, database: AppDatabase, sites: AppSites
) -> BoardDetail:
    """A board with its items: your own, one that is shared with you, or the one of a share link."""
    return await detail(database, await readable_board(sites, caller, number))


@router.patch("/{number}", name="change")
async def patch_board(
    number: BoardNumber,
    change: BoardChange,
    caller: LoggedIn,
    database: AppDatabase,
    sites: AppSites,
) -> BoardDetail:
    """Renames a board, or shares it. A board whose owner has deleted their account stays shared."""
    board, member = await changeable_board(sites, caller, number)
    await change_board(database, board, caller.account, change.name, change.shared)
    return await detail(database, Seen(board, member.site, member))


@router.delete("/{number}", name="delete", status_code=204)
async def delete_board(
    number: BoardNumber, caller: LoggedIn, database: AppDatabase, sites: AppSites
) -> None:
    """Deletes a board with its items and share links."""
    board, _ = await deletable_board(sites, caller, number)
    await drop_board(database, board)


@router.post("/{number}/items", name="add", status_code=201, responses={409: REFUSALS[409]})
async def create_item(
    number: BoardNumber,
    new: ItemIn,
    request: Request,
    caller: LoggedIn,
    database: AppDatabase,
    sites: AppSites,
) -> ItemOut:
    """Puts a view or a note at the end of a board."""
    board, member = await changeable_board(sites, caller, number)
    if new.view:
        await check_view(database, member.site, new.view, request.app.state.view_pages)
    item = BoardItem(board_id=number, place=0, **new.model_dump(mode="json"))
    return item_out(await add_item(database, board, caller.account, item))


@router.patch("/{number}/items/{item}", name="change_item")
async def patch_item(
    number: BoardNumber,
    item: ItemNumber,
    change: ItemChange,
    request: Request,
    caller: LoggedIn,
    database: AppDatabase,
    sites: AppSites,
) -> ItemOut:
    """Changes the title, the note or the view of an item, or moves it to another place."""
    board, member = await changeable_board(sites, caller, number)
    stored = await item_by_id(database, board, item)
    refuse_other_kind(stored, change)
    if change.view:
        await check_view(database, member.site, change.view, request.app.state.view_pages)
    given = change.model_dump(mode="json", exclude={"place"}, exclude_none=True)
    return item_out(await change_item(database, board, caller.account, item, given, change.place))


def refuse_other_kind(item: BoardItem, change: ItemChange) -> None:
    """Raises Invalid where a note would become a view, or a view a note."""
    for name in ("note", "view"):
        if getattr(change, name) is not None and getattr(item, name) is None:
            raise invalid(name, f"the item is no {name}")


@router.delete("/{number}/items/{item}", name="remove", status_code=204)
async def delete_item(
    number: BoardNumber,
    item: ItemNumber,
    caller: LoggedIn,
    database: AppDatabase,
    sites: AppSites,
) -> None:
    """Takes an item off a board. A share link to it ends."""
    board, _ = await changeable_board(sites, caller, number)
    await drop_item(database, board, caller.account, item)


@router.get(
    "/{number}/answers",
    name="answers",
    response_class=Response,
    responses={
        200: {"content": {Lines.media_type: {"schema": LINES}}, "description": "The answers."}
    },
)
async def answer_board(
    number: BoardNumber, caller: AnyReader, database: AppDatabase, sites: AppSites, turns: AppTurns
) -> StreamingResponse:
    """What the views of a board show. Each is answered by a line as soon as it is ready, as in a
    batch: `id` is that of the item."""
    seen = await readable_board(sites, caller, number)
    items = await items_of(database, seen.board, seen.only_item)
    views = [(item.id, View.model_validate(item.view)) for item in items if item.view]
    answering = partial(answer_view, database, turns, caller, seen.site)
    asking = [partial(line_of, f"{id_}", partial(answering, view)) for id_, view in views]
    return Lines(as_ready(asking, turns.number))


async def detail(database: Database, seen: Seen) -> BoardDetail:
    """The board with its items as the caller sees it."""
    found = await listed_board(database, seen.board.number)
    items = await items_of(database, seen.board, seen.only_item)
    facts: dict[str, Any] = {**facts_of(found, seen.member), "size": len(items)}
    return BoardDetail(**facts, items=[item_out(item) for item in items])


def board_out(found: Listed, member: Member) -> BoardOut:
    return BoardOut(**facts_of(found, member))


def facts_of(found: Listed, member: Member | None) -> dict[str, Any]:
    """What a board is to a member; None is a share link, which names nobody."""
    board, owner, size = found
    told = {"id", "name", "shared", "created_at", "changed_at"}
    return {
        **{name: getattr(board, name) for name in told},
        "owner": owner if member else None,
        "is_mine": member is not None and member.owns(board),
        "can_change": member is not None and member.changes(board),
        "can_link": member is not None and member.has(Role.EDITOR),
        "size": size,
    }


def item_out(item: BoardItem) -> ItemOut:
    return ItemOut.model_validate(item, from_attributes=True)
