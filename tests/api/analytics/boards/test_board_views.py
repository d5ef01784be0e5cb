"""Views: what is refused when they are saved, and that they show what their reports answer."""

import asyncio
import json
from typing import Any

import pytest

from collecting import PAGES, Collector
from conftest import SECRET, TestSite, save_goal
from main import build_app
from settings import Settings

pytestmark = pytest.mark.any_engine

DAY = "2026-05-05"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"

SERIES = {
    "page": "/",
    "address": {},
    "report": "timeseries",
    "params": {"from": DAY, "to": DAY, "interval": "hour", "compare": "previous"},
    "drawing": "series",
    "columns": ["visitors"],
}

LONG = {"filters": json.dumps([["is", "page", ["x" * 9000]]])}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"page": "/settings"}, "view.page: is not one of the allowed values"),
        ({"page": "https://evil.example/"}, "view.page"),
        ({"page": "//evil.example"}, "view.page"),
        ({"report": "nothing"}, "view.report: is not one of the allowed values"),
        ({"params": {"nothing": "1"}}, "view.params.nothing: is unknown"),
        ({"params": {"limit": "0"}}, "view.params.limit"),
        ({"params": {"site": "default"}}, "view.params.site: is not a parameter of a view"),
        ({"params": {"format": "csv"}}, "view.params.format"),
        ({"params": {"filters": "x"}}, "view.params.filters"),
        ({"params": {"filters": '[["is", "goal", ["None"]]]'}}, "view.params"),
        ({"params": {"order": "nothing:desc"}}, "view.params.order"),
        ({"params": {"from": "2026-05-05", "to": "2026-05-01"}}, "view.params"),
        ({"params": {"timezone": "Mars/Base"}}, "view.params.timezone"),
        ({"params": {"limit": 5}}, "must be text"),
        ({"params": {"x" * 51: "1"}}, "at most 50"),
        ({"params": {f"p{number}": "" for number in range(31)}}, "at most 30"),
        ({"params": {"filters": "\0"}}, "NUL"),
        ({"address": {"f": ["x"] * 101}}, "at most 100"),
        ({"address": {"f": "\ud800"}}, "surrogates"),
        ({"address": LONG | {"g": "x" * 9000}, "params": LONG}, "at most 20000"),
        ({"drawing": "picture"}, "view.drawing: is not one of the allowed values"),
        ({"drawing": "diagram", "columns": []}, "view.drawing: is of these reports only"),
        ({"drawing": "series", "columns": ["pageviews"]}, "view.columns.0"),
        ({"drawing": "number", "columns": ["page"]}, "view.columns.0"),
        ({"drawing": "number", "columns": ["visits", "visitors"]}, "must be 1 to 1"),
        ({"drawing": "ranking", "columns": ["page"]}, "must be 2 to 4"),
        ({"drawing": "ranking", "columns": ["page", "nothing"]}, "view.columns.1"),
        ({"drawing": "ranking", "columns": ["nothing", "visitors"]}, "view.columns.0"),
        ({"drawing": "table", "columns": ["page"] * 9}, "at most 8"),
        ({"report": "sessions", "drawing": "table", "columns": ["path"]}, "view.columns.0"),
        (
            {"report": "timeseries", "drawing": "series", "columns": ["visits"]}
            | {"params": {"dimension": "country"}},
            "view.columns.0",
        ),
        ({"report": "funnel", "drawing": "diagram", "columns": [], "params": {}}, "view.params"),
        ({"colour": "red"}, "view.colour: is unknown"),
    ],
)
async def test_invalid_view_is_refused(
    site: TestSite, changes: dict[str, Any], problem: str
) -> None:
    owner = Collector(site, site.admin)
    board = await owner.make()
    answer = await owner.ask("POST", f"/{board}/items", {"title": "t", "view": PAGES | changes})
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID"), answer.text
    assert problem in answer.json()["detail"]
    assert await owner.items(board) == []


HOSTILE = (
    *("", " ", "'; drop table board; --", "<script>", "%00", "\\u0000", "x" * 10_000, "[["),
    *('[["is","page",["\\u0000"]]]', '[["is","props:\\ud800",["a"]]]', "9" * 400, "1e999", "NaN"),
)


async def test_hostile_texts_in_view_are_stored_or_refused(site: TestSite) -> None:
    owner = Collector(site, site.admin)
    board = await owner.make()
    for name in ("filters", "limit", "from", "order", "timezone", "compare", "detail", "pages"):
        for text in HOSTILE:
            view = PAGES | {"params": {name: text}, "address": {name: [text]}}
            body = {"title": f"{name} {text}"[:200], "view": view}
            made = await owner.ask("POST", f"/{board}/items", body)
            assert made.status_code in (201, 422), (name, text[:50], made.text)
            if made.status_code == 201:
                assert made.json()["view"] == view
                shown = await owner.ask("GET", f"/{board}/answers")
                assert {json.loads(line)["status"] for line in shown.text.splitlines()} <= {200}
                await owner.ask("DELETE", f"/{board}/items/{made.json()['id']}")


async def fill(site: TestSite) -> None:
    """Visits on a day, from two campaigns."""
    await site.send(
        *(
            {
                "page": page,
                "time": f"{DAY}T{9 + number:02}:00:00Z",
                "visitor_id": f"v{number}",
                "user_agent": CHROME,
                "utm_campaign": "spring" if number % 2 else "autumn",
            }
            for number, page in enumerate(("/", "/pricing", "/", "/signup", "/"))
        )
    )


async def shown(owner: Collector, board: int) -> dict[str, dict[str, Any]]:
    """The lines of the answer by id."""
    answer = await owner.ask("GET", f"/{board}/answers")
    assert answer.status_code == 200, answer.text
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert len(lines) == len({line["id"] for line in lines})
    return {line["id"]: line for line in lines}


async def test_views_show_what_their_reports_answer(site: TestSite) -> None:
    await fill(site)
    owner = Collector(site, site.admin)
    board = await owner.make()
    range_ = {"from": DAY, "to": DAY}
    spring = json.dumps([["is", "campaign", ["spring"]]])
    views = [
        SERIES,
        SERIES | {"drawing": "number", "columns": ["views_per_visit"]},
        PAGES | {"params": {**range_, "filters": spring}},
        PAGES
        | {"report": "traffic-sources", "params": {**range_, "dimension": "campaign"}}
        | {"columns": ["campaign", "visits", "share"]},
        PAGES
        | {"report": "funnel", "params": {**range_, "steps": ["/", "/pricing"]}}
        | {"drawing": "diagram", "columns": []},
        PAGES
        | {"report": "sessions", "params": {**range_, "limit": "3"}, "drawing": "table"}
        | {"columns": ["started", "entry_page", "duration_seconds"]},
    ]
    items = [await owner.put(board, view=view) for view in views]
    await owner.put(board, note="No question.")
    lines = await shown(owner, board)
    assert lines.keys() == {str(item) for item in items}
    for item, view in zip(items, views, strict=True):
        answer = await site.ask(view["report"], **view["params"])
        assert lines[str(item)] == {"id": str(item), "status": 200, "body": answer}
        columns = {column["name"] for column in answer["columns"]} | (answer["totals"] or {}).keys()
        assert {*view["columns"]} <= columns
    assert {row["page"] for row in lines[str(items[2])]["body"]["rows"]} == {"/pricing", "/signup"}


async def test_view_that_cannot_be_answered_any_more_spoils_no_other(site: TestSite) -> None:
    await fill(site)
    goal = await save_goal(site, name="Signup", page="/signup")
    owner = Collector(site, site.admin)
    board = await owner.make()
    of_goal = {"period": "all", "filters": '[["is", "goal", ["Signup"]]]'}
    broken = await owner.put(board, view=PAGES | {"params": of_goal})
    whole = await owner.put(board)
    assert {line["status"] for line in (await shown(owner, board)).values()} == {200}
    await site.client.delete(f"/api/goals/{goal['id']}", headers=site.admin)
    lines = await shown(owner, board)
    assert (lines[str(broken)]["status"], lines[str(whole)]["status"]) == (422, 200)
    assert lines[str(broken)]["body"]["error"] == "INVALID"


async def test_views_of_many_windows_are_answered_at_once(site: TestSite) -> None:
    await fill(site)
    owner = Collector(site, site.admin)
    board = await owner.make()
    for _ in range(6):
        await owner.put(board, view=SERIES)
    answers = await asyncio.gather(*(shown(owner, board) for _ in range(5)))
    assert all(lines.keys() == answers[0].keys() for lines in answers)


async def test_question_of_board_takes_no_parameters(site: TestSite) -> None:
    owner = Collector(site, site.admin)
    board = await owner.make()
    await owner.put(board)
    for more in ("report=sessions", "filters=[]", "days=1", "site=default"):
        answer = await owner.ask("GET", f"/{board}/answers?{more}")
        assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")


def test_pages_of_views_are_those_about_numbers_of_a_site() -> None:
    pages = build_app(Settings(secret_key=SECRET)).state.view_pages
    assert {"/", "/funnels", "/goals"} <= {*pages}
    assert not {"/boards", "/settings", "/api/realtime", "/account"} & {*pages}
