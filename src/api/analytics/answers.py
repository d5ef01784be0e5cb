"""The answers of reports as responses, for a GET and for a query of a batch: each is computed in
turn, shared with whoever asks the same, and written as JSON, CSV
or Parquet."""

from collections.abc import Set
from functools import partial
from typing import Any
from urllib.parse import quote

from fastapi import Response
from pydantic_core import to_json

from api.analytics.copies import Copies
from api.analytics.csv_rows import csv_text
from api.analytics.execute import answer
from api.analytics.parquet_rows import PARQUET_TYPE, parquet_bytes
from api.analytics.query import Format, P
from api.analytics.report import Report
from api.analytics.turns import CallerTurns
from api.db.database import Database
from api.sites.models import Site
from api.validation import JSON


async def report_response(
    database: Database,
    turns: CallerTurns,
    report: Report[P],
    params: P,
    site: Site,
    hidden: Set[str] = frozenset(),
    copies: Copies | None = None,
) -> Response:
    """The answer to these parameters as of now, with null for values of hidden columns. Raises
    Invalid, Expired, TooMuchAsked and Unavailable."""
    report = report.for_params(params)
    # TRAP: model_dump_json warns of moments, which are of several types (see Moment).
    asked = report.name, to_json(params.model_dump(exclude={"site"})), site.model_dump_json()
    # A copy has what was committed when it was made: who asks later must not share its answer.
    key = *asked, copies
    found = await turns.share(key, partial(answer, database, report, params, site, copies))
    return response_of(report, params, without(found, hidden))


def without(found: dict[str, Any], hidden: Set[str]) -> dict[str, Any]:
    """The answer with null for values of hidden columns. Others may share the answer itself."""
    blank = dict.fromkeys(hidden & {column.name for column in found["columns"]})
    return found | {"rows": [row | blank for row in found["rows"]]} if blank else found


def response_of(report: Report[P], params: P, found: dict[str, Any]) -> Response:
    """The response of GET with this answer, in the format that was asked for."""
    if params.format is not Format.JSON:
        return file_response(report, params, found)
    return Response(json_of(report, found), media_type=JSON)


def json_of(report: Report[P], found: dict[str, Any]) -> bytes:
    """The answer in JSON. Rows have only those optional fields that were asked for."""
    checked = report.answer.model_validate(found)
    return checked.model_dump_json(by_alias=True, exclude_unset=True).encode()


def file_response(report: Report[P], params: P, found: dict[str, Any]) -> Response:
    """The rows as CSV or Parquet. Headers tell how many rows there are, and the offset of the next
    ones."""
    columns, rows, index = found["columns"], found["rows"], report.list_index
    if params.format is Format.CSV:
        content: str | bytes = csv_text([one.name for one in columns], rows, index, params.csv)
        media = "text/csv; charset=utf-8"
    else:
        content, media = parquet_bytes(columns, rows, index), PARQUET_TYPE
    name = quote(f"{found['query']['site']}-{report.name.replace('/', '-')}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}.{params.format}"}
    if page := found["page"]:
        told = {"X-Total-Rows": page.total, "X-Next-Offset": page.next}
        headers |= {key: str(value) for key, value in told.items() if value is not None}
    return Response(content, media_type=media, headers=headers)
