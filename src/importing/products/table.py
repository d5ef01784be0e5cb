"""The products whose exports of events can be imported. A new one is a module and a line here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from importing.products.entries import Entry
from importing.products.files import Part
from importing.products.ga4 import read_ga4
from importing.products.goatcounter import read_goatcounter
from importing.products.matomo import read_matomo
from importing.products.matomo_log import read_matomo_log
from importing.products.umami import reading_umami

Read = Callable[[Part], Iterator[Entry]]
"""The entries of a file. Raises Unreadable for one that is no export of the product, and at the end
of one that is damaged."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product whose export has events."""

    name: str
    reading: Callable[[Sequence[str]], AbstractContextManager[Read]]
    """What reads the files of these names."""


def each(name: str, read: Read) -> Product:
    """A product whose files can be read one by one."""
    return Product(name, lambda _: nullcontext(read))


PRODUCTS = (
    each("ga4", read_ga4),
    each("goatcounter", read_goatcounter),
    each("matomo", read_matomo),
    each("matomo-log", read_matomo_log),
    Product("umami", reading_umami),
)

BY_NAME: Mapping[str, Product] = {product.name: product for product in PRODUCTS}
