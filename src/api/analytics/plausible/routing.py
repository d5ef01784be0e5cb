"""POST /api/analytics/query: any metrics by any dimensions, as Plausible's Stats API v2 has it.

Clients of Plausible, which know its path only, find it at /api/v2/query, too.
"""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request

from api.analytics.plausible.execute import answer_stats
from api.analytics.plausible.models import StatsAnswer, StatsQuery
from api.analytics.turns import AppTurns
from api.auth.access import AnyCaller, readable_site
from api.auth.application import AppDatabase

router = APIRouter(tags=["analytics"])


@router.post("/api/v2/query", response_model=StatsAnswer, name="query_stats_at_path_of_plausible")
@router.post("/api/analytics/query", response_model=StatsAnswer)
async def query_stats(
    asked: StatsQuery, request: Request, caller: AnyCaller, database: AppDatabase, turns: AppTurns
) -> dict[str, Any]:
    """Any metrics by any dimensions, in the form of Plausible's Stats API v2."""
    site = await readable_site(request, caller, asked.site_id)
    key = "query", await request.body(), site.model_dump_json()
    return await turns.share(key, partial(answer_stats, database, asked, site))
