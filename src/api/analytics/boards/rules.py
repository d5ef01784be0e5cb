"""Who may do what with boards. Nothing else decides it.

An account keeps boards about any site that it reads. Members of the site (and of one with the
visibility `members` every account) see those that are shared. Their owner changes them, and admins
of the site change the shared ones. What a share link shows only editors change, because whoever has
the link sees the change. A share link to a board shows that board, and nothing else.
"""

from dataclasses import dataclass

from api.analytics.boards.models import Board
from api.analytics.boards.store import board_by_id, is_linked, no_board
from api.auth.access import account_role, is_meant, known_caller, site_for, without_share
from api.auth.callers import Caller
from api.errors import Forbidden
from api.sites.directory import Sites, UnknownSite, unknown_site
from api.sites.models import Role, Site, Visibility


@dataclass(frozen=True, slots=True)
class Member:
    """An account that reads a site. Without a `role` it reads what everybody may, and is none of
    its members."""

    site: Site
    user_id: int
    role: Role | None

    def has(self, needed: Role) -> bool:
        """Whether it has this role."""
        return self.role is not None and self.role.contains(needed)

    def owns(self, board: Board) -> bool:
        """Whether the board is its own."""
        return board.owner_id == self.user_id

    def sees(self, board: Board) -> bool:
        """Whether it may read the board."""
        return self.owns(board) or (board.shared and self.has(Role.VIEWER))

    def changes(self, board: Board) -> bool:
        """Whether it may change the board, unless a share link shows it."""
        return self.owns(board) or (board.shared and self.has(Role.ADMIN))


@dataclass(frozen=True, slots=True)
class Seen:
    """A board and its site, as a caller sees them: a member, or whoever has a share link to the
    board or to one item of it."""

    board: Board
    site: Site
    member: Member | None = None
    only_item: int | None = None


async def member_of(sites: Sites, caller: Caller, name: str) -> Member:
    """The account of a caller as it reads the site of this name (see site_for)."""
    site = await site_for(sites, caller, name)
    if not is_meant(caller, site):
        raise unknown_site(name)
    role = await account_role(sites.database, caller.account, site)
    if role is None and site.visibility == Visibility.MEMBERS:
        role = Role.VIEWER
    return Member(site, caller.account.number, role)


async def visible_board(sites: Sites, caller: Caller, number: int) -> tuple[Board, Member]:
    """A board that the account of the caller sees. Raises NotFound, also for one that it may not
    see."""
    board = await board_by_id(sites.database, number)
    try:
        member = await member_of(sites, caller, (await sites.by_id(board.site_id)).key)
    except UnknownSite:
        raise no_board() from None
    if not member.sees(board):
        raise no_board()
    return board, member


async def changeable_board(sites: Sites, caller: Caller, number: int) -> tuple[Board, Member]:
    """A board that the caller may change. Raises NotFound and Forbidden."""
    board, member = await deletable_board(sites, caller, number)
    if not member.has(Role.EDITOR) and await is_linked(sites.database, board):
        raise Forbidden("A share link shows this board: only editors of the site may change it.")
    return board, member


async def deletable_board(sites: Sites, caller: Caller, number: int) -> tuple[Board, Member]:
    """A board that the caller may delete. Raises NotFound and Forbidden."""
    board, member = await visible_board(sites, caller, number)
    if not member.changes(board):
        raise Forbidden("Only its owner and admins of the site may change this board.")
    return board, member


async def readable_board(sites: Sites, caller: Caller, number: int) -> Seen:
    """A board that the caller may read, also by a share link to it. Raises Unauthenticated,
    Forbidden and NotFound."""
    link = caller.share
    if link is None or link.board_id is None:
        board, member = await visible_board(
            sites, await known_caller(without_share(caller)), number
        )
        return Seen(board, member.site, member)
    if link.board_id != number:
        raise no_board()
    try:
        site = await sites.by_id(link.site_id)
    except UnknownSite:
        raise no_board() from None
    return Seen(await board_by_id(sites.database, number), site, only_item=link.item_id)
