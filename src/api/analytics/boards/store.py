"""Boards and their items: read, saved, changed, ordered and deleted."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, or_, select

from api.analytics.boards.models import MOST_ITEMS, Board, BoardItem
from api.auth.models import User
from api.auth.shares import ShareLink, is_valid
from api.db.database import Database
from api.errors import Conflict, NotFound
from api.notifications.models import Kind, Notice
from api.notifications.store import notify_in
from api.sites.models import Membership, Site, utc_now

MOST_BOARDS = 30
"""How many an account has on a site at most."""

Listed = tuple[Board, str | None, int]
"""A board, the name of its owner if there is one, and the number of its items."""


async def boards_of(
    database: Database, site: Site, user_id: int, sees_shared: bool
) -> Sequence[Listed]:
    """The boards of an account about a site and, if it sees them, those that are shared, by
    name."""
    own, shared = col(Board.owner_id) == user_id, col(Board.private_to).is_(None)
    wanted = listed().where(Board.site_id == site.number, or_(own, shared) if sees_shared else own)
    async with database.session() as session:
        found: Any = await session.execute(wanted.order_by(Board.name, col(Board.id)))
        return [(board, name, size) for board, name, size in found]


async def listed_board(database: Database, number: int) -> Listed:
    """A board as lists have it. Raises NotFound."""
    async with database.session() as session:
        found: Any = (await session.execute(listed().where(Board.id == number))).one_or_none()
    if found is None:
        raise no_board()
    board, name, size = found
    return board, name, size


def listed() -> Any:
    """The question for boards, each with the name of its owner and the number of its items."""
    name = func.coalesce(func.nullif(User.full_name, ""), User.username)
    return (
        select(Board, name, func.count(col(BoardItem.id)))
        .outerjoin(User, col(User.id) == col(Board.owner_id))
        .outerjoin(BoardItem, col(BoardItem.board_id) == col(Board.id))
        .group_by(col(Board.id), col(User.id))
    )


async def board_by_id(database: Database, number: int) -> Board:
    """A board. Raises NotFound."""
    async with database.session() as session:
        found = await session.get(Board, number)
    if found is None:
        raise no_board()
    return found


def no_board() -> NotFound:
    """The refusal of a board that does not exist; also of one that the caller may not see, in the
    same words."""
    return NotFound("There is no such board.")


def no_item() -> NotFound:
    """The refusal of an item that is not on the board."""
    return NotFound("There is no such item on the board.")


async def is_linked(database: Database, board: Board) -> bool:
    """Whether a valid share link shows the board, or an item of it."""
    found = select(ShareLink.id).where(ShareLink.board_id == board.id, is_valid())
    async with database.session() as session:
        return (await session.execute(found.limit(1))).first() is not None


async def save_board(database: Database, site: Site, new: Board) -> Board:
    """Saves a board. Raises Conflict when its owner has all boards that they may. One request of a
    site at a time saves one: two that count at once would both find room."""
    stored = select(func.count()).where(
        Board.site_id == site.number, col(Board.owner_id) == new.owner_id
    )
    async with database.session() as session:
        await session.execute(
            select(Site.id).where(Site.id == site.id).with_for_update(key_share=True)
        )
        if (await session.execute(stored)).scalar_one() >= MOST_BOARDS:
            raise Conflict(f"There may be {MOST_BOARDS} boards at most.")
        session.add(new)
    return new


async def drop_board(database: Database, board: Board) -> None:
    """Deletes a board with its items and share links."""
    async with database.session() as session:
        await session.execute(delete(Board).where(col(Board.id) == board.id))


@asynccontextmanager
async def changing(
    database: Database, board: Board, by: User
) -> AsyncGenerator[tuple[AsyncSession, Board]]:
    """A transaction in which an account changes a board. There is one of a board at a time, so that
    none undoes what another has done. Members who see the board are told, once in an hour. Raises
    NotFound for a board that is gone."""
    async with database.session() as session:
        found = await session.get(Board, board.number, with_for_update={"key_share": True})
        if found is None:
            raise no_board()
        found.changed_at = utc_now()
        yield session, found
        if found.private_to is None:
            await tell_members(session, found, by)


async def tell_members(session: AsyncSession, board: Board, by: User) -> None:
    """Tells the other members of the site that a board has changed."""
    others = select(Membership.user_id).where(
        Membership.site_id == board.site_id, col(Membership.user_id) != by.id
    )
    key = select(Site.key).where(Site.id == board.site_id)
    site = (await session.execute(key)).scalar_one()
    notice = Notice(
        Kind.BOARD_CHANGED,
        site=board.site_id,
        data={"name": board.name, "by": by.full_name or by.username},
        link=f"/boards?site={quote(site)}&board={board.id}",
        occurrence=f"board {board.id}, {board.changed_at:%Y-%m-%d %H}",
    )
    await notify_in(session, notice, [*(await session.execute(others)).scalars()])


async def change_board(
    database: Database, board: Board, by: User, name: str | None, shared: bool | None
) -> None:
    """Renames a board, shares it with members of the site, or stops that; None changes nothing. A
    board without an owner stays shared, or nobody would see it."""
    async with changing(database, board, by) as (_, found):
        found.name = found.name if name is None else name
        if shared is not None:
            found.private_to = None if shared else found.owner_id


async def items_of(
    database: Database, board: Board, only: int | None = None
) -> Sequence[BoardItem]:
    """The items of a board in order, or only one of them."""
    async with database.session() as session:
        found = await ordered_items(session, board)
    return [item for item in found if only in (None, item.id)]


async def ordered_items(session: AsyncSession, board: Board) -> list[BoardItem]:
    wanted = select(BoardItem).where(BoardItem.board_id == board.number)
    ordered = wanted.order_by(col(BoardItem.place), col(BoardItem.id))
    return [*(await session.execute(ordered)).scalars()]


async def add_item(database: Database, board: Board, by: User, new: BoardItem) -> BoardItem:
    """Puts an item at the end of a board. Raises Conflict when the board is full."""
    async with changing(database, board, by) as (session, _):
        items = await ordered_items(session, board)
        if len(items) >= MOST_ITEMS:
            raise Conflict(f"A board has at most {MOST_ITEMS} items.")
        new.place = items[-1].place + 1 if items else 0
        session.add(new)
    return new


async def item_by_id(database: Database, board: Board, number: int) -> BoardItem:
    """An item of a board. Raises NotFound."""
    async with database.session() as session:
        found = await session.get(BoardItem, number)
    if found is None or found.board_id != board.number:
        raise no_item()
    return found


async def change_item(
    database: Database,
    board: Board,
    by: User,
    number: int,
    change: dict[str, Any],
    place: int | None,
) -> BoardItem:
    """Changes fields of an item, and moves it to a place among the others. Raises NotFound."""
    async with changing(database, board, by) as (session, _):
        items = await ordered_items(session, board)
        item = next((one for one in items if one.id == number), None)
        if item is None:
            raise no_item()
        item.sqlmodel_update(change)
        if place is not None:
            items.remove(item)
            items.insert(place, item)
            for position, one in enumerate(items):
                one.place = position
    return item


async def drop_item(database: Database, board: Board, by: User, number: int) -> None:
    """Takes an item off a board. Raises NotFound."""
    async with changing(database, board, by) as (session, _):
        item = await session.get(BoardItem, number)
        if item is None or item.board_id != board.number:
            raise no_item()
        await session.delete(item)
