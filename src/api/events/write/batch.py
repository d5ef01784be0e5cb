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
    """Items that are written in one transaction. While it is open, requests for its sites join."""

    @property
    def sites(self) -> frozenset[int]:
        """The sites of all items that are in it or may join."""
        ...

    def close(self) -> Sequence[ItemOut]:
        """Its items. No request joins from now on: a second call returns the same."""
        ...


class ClosedBatch(Generic[Item]):
    """A batch of items that were there from the start."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.sites = frozenset(item.site_id for item in items)

    def close(self) -> Sequence[Item]:
        """Its items."""
        return self.items
