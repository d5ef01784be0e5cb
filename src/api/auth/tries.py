"""Limits on wrong passwords.

A stranger must be able neither to guess a password nor to lock its owner out: tries are counted by
account and network together, and by network. Many networks together may try one account ten times
as often, and that limit does not count for a network that the account has logged in from before.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from api.errors import Unauthenticated
from api.limits import TokenBuckets, share

LOGIN_SECONDS = 15 * 60.0

SEVERAL = 10
"""How many times as much is allowed to a network for all accounts, and to all networks for one."""

OF_ACCOUNT = "Too many wrong passwords for this account."
OF_NETWORK = "Too many wrong passwords from your network."


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that is tried."""

    name: str
    """Of the account, as it was given."""
    network: str
    """Where it comes from (see limits.neighbourhood); '' for this machine."""
    is_known: bool
    """Whether the account has logged in from there before."""

    @property
    def key(self) -> str:
        """Account and network."""
        return f"{self.network} {self.name}"


class LoginTries:
    """The limits of one process, each its share of what all workers allow."""

    def __init__(self, tries: int, workers: int) -> None:
        few, many = share(tries, workers), share(tries * SEVERAL, workers)
        self.by_both = TokenBuckets("login", few, LOGIN_SECONDS)
        self.by_network = TokenBuckets("login-network", many, LOGIN_SECONDS)
        self.by_account = TokenBuckets("login-account", many, LOGIN_SECONDS)

    @contextmanager
    def trying(self, attempt: Attempt) -> Generator[None]:
        """Takes a try for the block, and gives it back unless the password is wrong. Raises
        TooManyRequests without one."""
        with ExitStack() as stack:
            for buckets, key, detail in self.limits_of(attempt):
                stack.enter_context(buckets.trying(key, Unauthenticated, detail))
            yield

    def limits_of(self, attempt: Attempt) -> Iterator[tuple[TokenBuckets, str, str]]:
        """The limits that a try counts for, each with its key and its refusal. A refusal tells what
        is left of the first."""
        yield self.by_both, attempt.key, OF_ACCOUNT
        if attempt.network:
            yield self.by_network, attempt.network, OF_NETWORK
        if not attempt.is_known:
            yield self.by_account, attempt.name, OF_ACCOUNT

    def is_over(self, attempt: Attempt) -> bool:
        """Whether the next try is refused."""
        now = time.monotonic()
        return any(b.size and b.level(key, now) < 1 for b, key, _ in self.limits_of(attempt))

    def state(self, attempt: Attempt) -> dict[str, str]:
        """Headers that tell how many tries are left."""
        return self.by_both.state(attempt.key)
