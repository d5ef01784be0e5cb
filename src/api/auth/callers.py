"""Who asks: nobody, an account that logged in, an API key of an account, or a share link."""

from dataclasses import dataclass

from api.auth.keys import KEY_PREFIX, ApiKey, Scope, find_key
from api.auth.logins import Login, find_login
from api.auth.models import User
from api.auth.shares import OPENED_PREFIX, SHARE_PREFIX, ShareLink, find_share, share_of_id
from api.auth.tokens import Purpose, Tokens
from api.db.database import Database


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. With `user` comes either the `login` or the `key` that speaks for the account."""

    user: User | None = None
    login: Login | None = None
    key: ApiKey | None = None
    share: ShareLink | None = None

    @property
    def account(self) -> User:
        """The account of a caller who has one (see access.known_caller)."""
        assert self.user is not None
        return self.user

    @property
    def only_site(self) -> int | None:
        """The number of the only site that its key is good for, if there is a limit."""
        return self.key.site_id if self.key is not None else None

    def has(self, scope: Scope) -> bool:
        """Whether this scope is granted: to a login every one is."""
        return self.key is None or bool({scope, Scope.ADMIN} & {*self.key.scopes})


NOBODY = Caller()


async def caller_with(database: Database, tokens: Tokens, bearer: str) -> Caller:
    """The caller with this text in the header Authorization. Read from the database each time, so
    that rights are current. Raises Unauthenticated."""
    if bearer.startswith(KEY_PREFIX):
        user, key = await find_key(database, bearer)
        return Caller(user=user, key=key)
    if bearer.startswith(SHARE_PREFIX):
        return Caller(share=await find_share(database, bearer))
    if bearer.startswith(OPENED_PREFIX):
        link_id = tokens.read_opened(bearer.removeprefix(OPENED_PREFIX))
        return Caller(share=await share_of_id(database, link_id))
    return await logged_in(database, tokens, Purpose.ACCESS, bearer)


async def logged_in(database: Database, tokens: Tokens, purpose: Purpose, token: str) -> Caller:
    """The caller with this token. Raises Unauthenticated."""
    user, login = await find_login(database, tokens.read(purpose, token))
    return Caller(user=user, login=login)
