"""The format that the header Accept asks for (RFC 9110, 12.5.1), where the query names none."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from fastapi import Request

from api.analytics.parquet_rows import PARQUET_TYPE
from api.analytics.query import Params
from api.analytics.raw.lists import RawParams

VARY = {"Vary": "Accept"}
"""The header of a response whose format depends on Accept."""

MEDIA_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": PARQUET_TYPE,
}

QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)

Asked = TypeVar("Asked", bound=Params | RawParams)

F = TypeVar("F", bound=str)


def in_accepted_format(request: Request, params: Asked) -> Asked:
    """The parameters with the format that the request accepts most, unless they name one."""
    if "format" in params.model_fields_set:
        return params
    chosen = preferred(request.headers.getlist("accept"), [*type(params.format)])
    return params.model_copy(update={"format": chosen})


def preferred(accepted: Iterable[str], offered: Sequence[F]) -> F:
    """The format that these values of Accept want most. Of those that are wanted alike it is one
    that is named, then the first that is offered; so it is where none of them is wanted."""
    ranges = qualities(accepted)
    return max(offered, key=lambda one: wish(ranges, MEDIA_TYPES[one]))


def qualities(accepted: Iterable[str]) -> Mapping[str, float]:
    """How much each range of media types is wanted, from 0 to 1. What is malformed is left out."""
    found: dict[str, float] = {}
    for part in ",".join(accepted).lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        if QUALITY.fullmatch(quality):
            found[name] = float(quality)
    return found


def wish(ranges: Mapping[str, float], media_type: str) -> tuple[float, int]:
    """How much a media type is wanted, and how exactly it is named: the most exact range counts."""
    for exactness, name in ((3, media_type), (2, f"{media_type.split('/')[0]}/*"), (1, "*/*")):
        if name in ranges:
            return (ranges[name], exactness) if ranges[name] else (0, 0)
    return (0, 0)
