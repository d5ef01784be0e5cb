"""Share links to a board, or to one view of it: they show that, and answer nothing else."""

import json
from typing import Any

import httpx
import pytest

from api.db.database import Database
from api.sites.directory import Sites
from api.sites.models import Role
from collecting import PAGES, Collector
from conftest import TestSite, make_site
from permissions import account
from refusals import is_refusal
from submitting import change

pytestmark = pytest.mark.any_engine

DAY = "2026-05-05"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
PASSWORD = "open sesame, please"
OF_DAY = {"from": DAY, "to": DAY}
SPRING = json.dumps([["is", "campaign", ["spring"]]])
OF_SPRING = PAGES | {"params": {**OF_DAY, "filters": SPRING}}

Made = dict[str, Any]


def visits(name: str) -> list[dict[str, Any]]:
    """Events of two campaigns, on pages that tell of which site they are."""
    return [
        {
            "id": f"event-{number}",
            "page": f"/{name}-{campaign}",
            "time": f"{DAY}T1{number}:00:00Z",
            "session_id": f"s{number}",
            "user_id": f"u{number}",
            "user_agent": CHROME,
            "utm_campaign": campaign,
        }
        for number, campaign in enumerate(("spring", "autumn", "spring"))
    ]


@pytest.fixture
async def owner(site: TestSite) -> Collector:
    """The owner of a private site with some visits."""
    await change(site.database, "update site set visibility = 'private' where key = %s", site.key)
    await site.send(*visits("mine"))
    return Collector(site, site.admin)


async def made(owner: Collector, status: int = 201, **more: Any) -> Made:
    """Makes a share link, or is refused."""
    path = f"/api/sites/{owner.site.key}/shares"
    body = {"name": "x"} | more
    answer = await owner.site.client.post(path, json=body, headers=owner.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def holder(owner: Collector, token: str) -> Collector:
    """Whoever has a link."""
    return Collector(owner.site, {"Authorization": f"Bearer {token}"})


async def opened(owner: Collector, link: Made, password: str | None = None) -> httpx.Response:
    body = {"secret": link["secret"], "password": password}
    return await owner.site.client.post("/api/shares/open", json=body)


async def shown(reader: Collector, board: int) -> dict[str, Any]:
    """The answers of a board by the number of the item."""
    answer = await reader.ask("GET", f"/{board}/answers")
    assert answer.status_code == 200, answer.text
    lines = map(json.loads, answer.text.splitlines())
    return {line["id"]: (line["status"], line["body"]) for line in lines}


async def test_link_to_what_does_not_exist_is_refused(owner: Collector, database: Database) -> None:
    board, other = await owner.make(), await owner.make()
    item = await owner.put(other)
    elsewhere = await make_site(
        f"{owner.site.key}-b", owner.site.client, owner.site.admin, database
    )
    foreign = await Collector(elsewhere, elsewhere.admin).make()
    for target, problem in (
        ({"board": 2**40}, "board: is unknown"),
        ({"board": foreign}, "board: is unknown"),
        ({"board": 0}, "board: must be at least 1"),
        ({"board": board, "item": item}, "item: is unknown"),
        ({"item": item}, "item needs a board"),
        ({"board": board, "filters": [["is", "page", ["/"]]]}, "links without a board"),
        ({"board": board, "view": {"period": "7d"}}, "links without a board"),
    ):
        refused = await made(owner, 422, **target)
        assert problem in refused["detail"]


async def test_nobody_shares_board_that_they_do_not_see(
    owner: Collector, database: Database
) -> None:
    stored = await Sites(database).find(owner.site.key)
    editor = Collector(owner.site, (await account(database, (stored, Role.EDITOR)))[1])
    viewer = Collector(owner.site, (await account(database, (stored, Role.VIEWER)))[1])
    private, shared = await owner.make(), await owner.make(shared=True)
    own = await viewer.make()
    assert "board: is unknown" in (await made(editor, 422, board=private))["detail"]
    assert (await made(editor, 201, board=shared))["board"] == shared
    assert (await made(viewer, 403, board=own))["error"] == "FORBIDDEN"


async def test_link_shows_board_and_answers_of_its_views(owner: Collector) -> None:
    board = await owner.make("Week")
    view = await owner.put(board, "Spring", view=OF_SPRING)
    note = await owner.put(board, "Note", note="Seen by whoever has the link.")
    link = await made(owner, board=board)
    reader = holder(owner, link["secret"])
    found = (await reader.ask("GET", f"/{board}")).json()
    assert (found["name"], found["owner"], found["can_change"]) == ("Week", None, False)
    assert found["items"] == await owner.items(board)
    assert [item["id"] for item in found["items"]] == [view, note]
    answers = await shown(reader, board)
    same = await owner.site.ask("pages", **OF_SPRING["params"])
    assert answers == {f"{view}": (200, same)}
    assert [row["page"] for row in same["rows"]] == ["/mine-spring"]


async def test_link_to_view_shows_that_item_only(owner: Collector) -> None:
    board = await owner.make()
    hidden, view = await owner.put(board, "Hidden"), await owner.put(board, "Shown", view=OF_SPRING)
    await owner.put(board, "Note", note="Not for others.")
    reader = holder(owner, (await made(owner, board=board, item=view))["secret"])
    assert await reader.titles(board) == ["Shown"]
    assert (await reader.ask("GET", f"/{board}")).json()["size"] == 1
    assert (await shown(reader, board)).keys() == {f"{view}"}
    assert f"{hidden}" not in (await reader.ask("GET", f"/{board}/answers")).text


async def test_link_to_board_asks_no_other_question(owner: Collector) -> None:
    site = owner.site
    board, other = await owner.make(), await owner.make(shared=True)
    item = await owner.put(board, view=OF_SPRING)
    reader = holder(owner, (await made(owner, board=board))["secret"])
    named = {"site": site.key, **OF_DAY}
    for report in ("pages", "timeseries", "traffic-sources", "sessions", "values"):
        for params in (named, named | {"filters": SPRING}):
            path = f"/api/analytics/{report}"
            answer = await site.client.get(path, params=params, headers=reader.headers)
            assert (answer.status_code, answer.json()["error"]) == (404, "UNKNOWN_SITE"), report
    queries = [{"report": "pages", **OF_SPRING["params"]}]
    body = {"common": {"site": site.key}, "queries": queries}
    batch = await site.client.post("/api/analytics/batch", json=body, headers=reader.headers)
    assert json.loads(batch.text)["status"] == 404
    for path in (f"/api/realtime/stats?site={site.key}", f"/api/events?site={site.key}"):
        answer = await site.client.get(path, headers=reader.headers)
        assert answer.status_code == 404, path
    for path in ("/api/goals", "/api/segments", "/api/visits", "/api/boards"):
        answer = await site.client.get(f"{path}?site={site.key}", headers=reader.headers)
        assert answer.status_code == 401, path
    for more in ("report=pages", "filters=[]", "item=1", f"from={DAY}"):
        assert (await reader.ask("GET", f"/{board}/answers?{more}")).status_code == 422
    for number in (other, 2**40):
        for path in (f"/{number}", f"/{number}/answers"):
            assert is_refusal(await reader.ask("GET", path), "NOT_FOUND")
    for method, path, change_ in (
        ("PATCH", f"/{board}", {"name": "Taken"}),
        ("DELETE", f"/{board}", None),
        ("POST", f"/{board}/items", {"title": "t", "view": PAGES}),
        ("PATCH", f"/{board}/items/{item}", {"view": PAGES}),
        ("DELETE", f"/{board}/items/{item}", None),
    ):
        assert is_refusal(await reader.ask(method, path, change_), "UNAUTHENTICATED")
    assert (await owner.items(board))[0]["view"] == OF_SPRING


async def test_link_shows_no_visits_one_by_one_and_no_user_ids(owner: Collector) -> None:
    board = await owner.make()
    one_by_one = PAGES | {"report": "sessions", "params": OF_DAY, "drawing": "table"}
    item = await owner.put(board, view=one_by_one | {"columns": ["started", "entry_page"]})
    reader = holder(owner, (await made(owner, board=board))["secret"])
    status, body = (await shown(reader, board))[f"{item}"]
    assert (status, body["error"]) == (403, "FORBIDDEN")
    assert (await shown(owner, board))[f"{item}"][0] == 200


async def test_link_to_site_does_not_open_boards(owner: Collector) -> None:
    board = await owner.make(shared=True)
    reader = holder(owner, (await made(owner))["secret"])
    for path in (f"?site={owner.site.key}", f"/{board}", f"/{board}/answers"):
        assert is_refusal(await reader.ask("GET", path), "UNAUTHENTICATED")


async def test_password_opens_link_to_board(owner: Collector) -> None:
    board = await owner.make()
    view = await owner.put(board)
    link = await made(owner, board=board, item=view, password=PASSWORD, expires_in_days=1)
    assert is_refusal(await opened(owner, link), "PASSWORD_NEEDED")
    assert is_refusal(await opened(owner, link, "not the password"), "UNAUTHENTICATED")
    assert (await holder(owner, link["secret"]).ask("GET", f"/{board}")).status_code == 401
    right = (await opened(owner, link, PASSWORD)).json()
    assert (right["board"], right["item"], right["filters"]) == (board, view, [])
    reader = holder(owner, right["access_token"])
    assert (await shown(reader, board)).keys() == {f"{view}"}
    spoilt = "update share_link set expires_at = now() - interval '1 second' where id = %s"
    await change(owner.site.database, spoilt, link["id"])
    assert (await reader.ask("GET", f"/{board}")).status_code == 401


async def test_link_ends_with_what_it_shows(owner: Collector) -> None:
    board = await owner.make()
    view = await owner.put(board)
    whole, part, revoked = [
        await made(owner, board=board, **more) for more in ({}, {"item": view}, {})
    ]
    readers = [holder(owner, link["secret"]) for link in (whole, part, revoked)]
    path = f"/api/sites/{owner.site.key}/shares/{revoked['id']}"
    await owner.site.client.delete(path, headers=owner.headers)

    async def statuses() -> list[int]:
        return [(await reader.ask("GET", f"/{board}")).status_code for reader in readers]

    assert await statuses() == [200, 200, 401]
    await owner.ask("DELETE", f"/{board}/items/{view}")
    assert await statuses() == [200, 401, 401]
    await owner.ask("DELETE", f"/{board}")
    assert await statuses() == [401, 401, 401]
    log = await change(
        owner.site.database,
        "select action from audit_log where detail ->> 'share' = %s order by id",
        revoked["id"],
    )
    assert log == [("share_created",), ("share_revoked",)]


async def test_only_editors_change_what_link_shows(owner: Collector, database: Database) -> None:
    stored = await Sites(database).find(owner.site.key)
    viewer = Collector(owner.site, (await account(database, (stored, Role.VIEWER)))[1])
    board = await viewer.make("Ours", shared=True)
    item = await viewer.put(board, view=OF_SPRING)
    link = await made(owner, board=board)
    for method, path, body in (
        ("PATCH", f"/{board}", {"name": "Taken"}),
        ("POST", f"/{board}/items", {"title": "t", "view": PAGES}),
        ("PATCH", f"/{board}/items/{item}", {"view": PAGES}),
        ("DELETE", f"/{board}/items/{item}", None),
    ):
        assert is_refusal(await viewer.ask(method, path, body), "FORBIDDEN")
    assert await viewer.put(await viewer.make())
    assert await owner.put(board)
    path = f"/api/sites/{owner.site.key}/shares/{link['id']}"
    await owner.site.client.delete(path, headers=owner.headers)
    assert (await viewer.ask("PATCH", f"/{board}", {"name": "Mine"})).status_code == 200
    await made(owner, board=board)
    assert (await viewer.ask("DELETE", f"/{board}")).status_code == 204


async def test_page_of_link_shows_board_and_may_be_framed_by_its_origins(owner: Collector) -> None:
    board = await owner.make()
    link = await made(owner, board=board, origins=["https://www.example.com"])
    page = await owner.site.client.get(f"/share/{link['id']}")
    assert "frame-ancestors https://www.example.com;" in page.headers["content-security-policy"]
    assert "pages/shared_board.js" in page.text
    assert owner.site.key not in page.text


async def test_answers_to_links_are_same_with_and_without_other_site(
    owner: Collector, database: Database
) -> None:
    board = await owner.make("Mine", shared=True)
    for view in (OF_SPRING, PAGES | {"params": OF_DAY}):
        await owner.put(board, view=view)
    await owner.put(board, note="n")
    readers = [owner, holder(owner, (await made(owner, board=board))["secret"])]

    async def answers() -> list[Any]:
        told = [(await reader.ask("GET", f"/{board}")).text for reader in readers]
        return [*told, *[await shown(reader, board) for reader in readers], await owner.names()]

    before = await answers()
    other = await make_site(f"{owner.site.key}-b", owner.site.client, owner.site.admin, database)
    await other.send(*visits("theirs"))
    neighbour = Collector(other, other.admin)
    theirs = await neighbour.make("Theirs", shared=True)
    await neighbour.put(theirs, view=OF_SPRING)
    await made(neighbour, board=theirs)
    after = await answers()
    assert after == before
    assert "theirs" not in json.dumps(after).lower()
