"""Batches: items (events, mostly) that are written in one transaction."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar


class OfSite(Protocol):
    """Something that belongs to a site."""

    @property
    def site_id(self) -> int: ...


Item = TypeVar("Item", bound=OfSite)
ItemOut = TypeVar("ItemOut", bound=OfSite, covariant=True)


class Batch(Protocol[ItemOut]):
    """Items that are written in one transaction. Further requests join while it is open."""

    @property
    def sites(self) -> frozenset[int]:
        """The sites of its items, and of those that may join."""
        ...

    def close(self) -> Sequence[ItemOut]:
        """Closes the batch: no request joins any more. Returns its items, the same on each call."""
        ...


class ClosedBatch(Generic[Item]):
    """A batch that is closed from the start."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.sites = frozenset(item.site_id for item in items)

    def close(self) -> Sequence[Item]:
        return self.items
