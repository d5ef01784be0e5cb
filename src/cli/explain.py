"""The command `explain`: how the database answers a query."""

from collections.abc import Sequence
from typing import Annotated, Any, get_args, get_origin

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.markup import escape
from starlette.datastructures import QueryParams

from api.analytics.execute import explain, parse_query
from api.analytics.query import P
from api.analytics.report import Report
from api.analytics.reports import REPORTS
from api.db.database import Database
from api.sites.directory import Sites
from cli.installation import with_migrated_database
from settings import Settings

console = Console()


def explain_report(
    report: Annotated[str, typer.Argument(help="Name of a report, e.g. pages.")],
    asked: Annotated[
        list[str] | None, typer.Argument(help="Its parameters, e.g. site=demo days=30.")
    ] = None,
) -> None:
    """Shows which tables answer a report, and PostgreSQL's plan with its times."""
    by_name = {listed.name: listed for listed in REPORTS}
    if report not in by_name:
        raise typer.BadParameter(f"must be one of: {', '.join(by_name)}")
    chosen = by_name[report]
    params = params_from(chosen, asked or [])
    chosen = chosen.for_params(params)

    async def work(database: Database, _: Settings) -> tuple[str, str]:
        site = await Sites(database).find(params.site)
        return await explain(database, chosen, await parse_query(database, chosen, params, site))

    engine, plan = with_migrated_database(work)
    console.print(f"[bold]{engine}[/bold]\n{escape(plan)}", soft_wrap=True)


def params_from(report: Report[P], asked: Sequence[str]) -> P:
    """The parameters in the arguments of the command, checked like those of a request."""
    pairs = QueryParams("&".join(asked))
    try:
        return TypeAdapter(report.params).validate_python(
            {key: pairs.getlist(key) if is_list(report, key) else pairs[key] for key in pairs}
        )
    except ValidationError as error:
        problems = "; ".join(f"{p['loc'][0]}: {p['msg']}" for p in error.errors() if p["loc"])
        raise typer.BadParameter(problems) from error


def is_list(report: Report[Any], key: str) -> bool:
    """Whether a parameter may be given several times: its type is a list, or a list or None."""
    field = report.params.model_fields.get(key)
    types = (field.annotation, *get_args(field.annotation)) if field else ()
    return any(get_origin(type_) is list for type_ in types)
