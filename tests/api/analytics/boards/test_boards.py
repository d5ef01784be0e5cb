"""Boards: who sees and changes them, and that no change undoes another."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.analytics.boards import store
from api.db.database import Database
from api.sites.directory import Sites
from api.sites.models import Role, Site
from collecting import PAGES, Collector
from conftest import TestSite
from permissions import account
from submitting import change

pytestmark = pytest.mark.any_engine


@pytest.fixture
async def stored(site: TestSite, database: Database) -> Site:
    """The site, which only members may read."""
    await change(database, "update site set visibility = 'private' where key = %s", site.key)
    return await Sites(database).find(site.key)


@pytest.fixture
async def somebody(site: TestSite, stored: Site, database: Database) -> Any:
    """Makes somebody with this role on the site."""

    async def make(role: Role | None = None, **more: Any) -> Collector:
        place = (stored, role) if role else None
        return Collector(site, (await account(database, place, **more))[1])

    return make


@pytest.mark.parametrize(
    ("method", "path", "body", "problem"),
    [
        ("POST", "", {"name": "b"}, "site: is missing"),
        ("POST", "", {"site": "", "name": ""}, "at least 1"),
        ("POST", "", {"site": "", "name": "a\0"}, "NUL"),
        ("POST", "", {"site": "", "name": "b", "owner": 1}, "owner"),
        ("POST", "", {"site": "", "name": "b", "shared": "x"}, "true or false"),
        ("POST", "/1/items", {"title": "t"}, "either a note or a view"),
        ("POST", "/1/items", {"title": "t", "note": "n", "view": PAGES}, "either"),
        ("POST", "/1/items", {"title": "t", "note": ""}, "at least 1"),
        ("POST", "/1/items", {"title": "t", "note": "x" * 5001}, "at most 5000"),
        ("POST", "/1/items", {"title": "x" * 201, "note": "n"}, "at most 200"),
        ("PATCH", "/1/items/1", {"place": -1}, "at least 0"),
        ("PATCH", "/1/items/1", {"place": 30}, "less than 30"),
        ("PATCH", "/0", {}, "at least 1"),
    ],
)
async def test_invalid_request_about_board_is_refused(
    site: TestSite, method: str, path: str, body: dict[str, Any], problem: str
) -> None:
    answer = await Collector(site, site.admin).ask(method, path, body)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")
    assert problem in answer.json()["detail"]


async def test_board_is_seen_by_members_if_it_is_shared(somebody: Any) -> None:
    viewer, other, admin = [await somebody(role) for role in (Role.VIEWER, Role.VIEWER, Role.ADMIN)]
    root, stranger = await somebody(is_superuser=True), await somebody()
    own = await viewer.make("Own")
    ours = await viewer.make("Ours", shared=True)
    assert await viewer.names() == ["Ours", "Own"]
    for member in (other, admin, root):
        assert await member.names() == ["Ours"]
        found = [(await member.ask("GET", f"/{one}")).status_code for one in (own, ours)]
        assert found == [404, 200]
    listed = await stranger.ask("GET", f"?site={stranger.site.key}")
    assert listed.json()["error"] == "UNKNOWN_SITE"
    assert (await stranger.ask("GET", f"/{ours}")).json()["detail"] == "There is no such board."


async def test_board_about_public_site_is_shared_with_members_only(
    site: TestSite, database: Database
) -> None:
    stored = await Sites(database).find(site.key)
    member = Collector(site, (await account(database, (stored, Role.VIEWER)))[1])
    reader = Collector(site, (await account(database))[1])
    ours = await member.make("Ours", shared=True)
    await reader.make("Mine", shared=True)
    assert await reader.names() == ["Mine"]
    assert (await reader.ask("GET", f"/{ours}")).status_code == 404
    assert await member.names() == ["Mine", "Ours"]
    await change(database, "update site set visibility = 'members' where key = %s", site.key)
    transport: Any = site.client._transport
    transport.app.state.sites.forget()
    assert await reader.names() == ["Mine", "Ours"]


async def test_only_owner_and_admins_change_shared_board(somebody: Any) -> None:
    viewer, editor, admin = [
        await somebody(role) for role in (Role.VIEWER, Role.EDITOR, Role.ADMIN)
    ]
    board = await viewer.make("Ours", shared=True)
    item = await viewer.put(board)
    changes = (
        ("PATCH", f"/{board}", {"name": "Taken"}),
        ("POST", f"/{board}/items", {"title": "t", "note": "n"}),
        ("PATCH", f"/{board}/items/{item}", {"title": "Taken"}),
        ("DELETE", f"/{board}/items/{item}", None),
        ("DELETE", f"/{board}", None),
    )
    for method, path, body in changes:
        assert (await editor.ask(method, path, body)).status_code == 403, path
    for method, path, body in changes:
        assert (await admin.ask(method, path, body)).status_code < 300, path
    assert await viewer.names() == []


async def test_other_members_are_told_once_that_shared_board_has_changed(somebody: Any) -> None:
    viewer, admin, stranger = [await somebody(one) for one in (Role.VIEWER, Role.ADMIN, None)]
    await viewer.put(await viewer.make("Own"))
    board = await viewer.make("Ours", shared=True)
    for _ in range(2):
        await viewer.put(board)
    told = [
        [row["data"] | {"link": row["link"]} for row in await person.notifications()]
        for person in (admin, viewer, stranger)
    ]
    ((notice,), *others) = told
    link = f"/boards?site={viewer.site.key}&board={board}"
    assert (notice["name"], notice["link"]) == ("Ours", link)
    assert notice["by"]
    assert others == [[], []]


async def test_answer_says_what_caller_may_do(somebody: Any) -> None:
    viewer, editor, admin = [
        await somebody(role) for role in (Role.VIEWER, Role.EDITOR, Role.ADMIN)
    ]
    board = await viewer.make("Ours", shared=True)
    told = []
    for member in (viewer, editor, admin):
        found = (await member.ask("GET", f"/{board}")).json()
        told.append([found[name] for name in ("is_mine", "can_change", "can_link")])
        assert (found["shared"], found["size"], found["items"]) == (True, 0, [])
        assert len(found["owner"]) == 32, "its name here"
    assert told == [[True, True, False], [False, False, True], [False, True, True]]


async def test_board_that_is_not_shared_any_more_is_gone_for_others(somebody: Any) -> None:
    viewer, admin = await somebody(Role.VIEWER), await somebody(Role.ADMIN)
    board = await viewer.make("Ours", shared=True)
    assert (await admin.ask("PATCH", f"/{board}", {"shared": False})).status_code == 200
    assert (await admin.ask("GET", f"/{board}")).status_code == 404
    assert await viewer.names() == ["Ours"]


async def test_items_are_added_edited_moved_and_removed(somebody: Any) -> None:
    viewer = await somebody(Role.VIEWER)
    board = await viewer.make()
    first, second, third = [await viewer.put(board, title) for title in "abc"]
    note = await viewer.put(board, "d", note="two\nlines <b>")
    assert (await viewer.items(board))[3] == {
        "id": note,
        "title": "d",
        "note": "two\nlines <b>",
        "view": None,
    }
    assert (await viewer.items(board))[0]["view"] == PAGES
    for item, place, order in (
        (third, 0, "cabd"),
        (third, 29, "abdc"),
        (first, 1, "badc"),
        (first, 1, "badc"),
        (second, 2, "adbc"),
    ):
        moved = await viewer.ask("PATCH", f"/{board}/items/{item}", {"place": place})
        assert (moved.status_code, "".join(await viewer.titles(board))) == (200, order)
    other = PAGES | {"columns": ["page", "visitors"]}
    for item, body, status in (
        (note, {"note": "new", "title": "n"}, 200),
        (note, {"view": PAGES}, 422),
        (first, {"note": "new"}, 422),
        (first, {"view": other}, 200),
        (first, {"view": other | {"report": "nothing"}}, 422),
    ):
        answer = await viewer.ask("PATCH", f"/{board}/items/{item}", body)
        assert answer.status_code == status, answer.text
    items = {item["id"]: item for item in await viewer.items(board)}
    assert (items[note]["note"], items[note]["title"]) == ("new", "n")
    assert items[first]["view"] == other
    gone = [await viewer.ask("DELETE", f"/{board}/items/{first}") for _ in "ab"]
    assert [answer.status_code for answer in gone] == [204, 404]
    assert await viewer.titles(board) == ["n", "b", "c"]


async def test_item_of_another_board_is_not_found(somebody: Any) -> None:
    viewer = await somebody(Role.VIEWER)
    one, other = await viewer.make("One"), await viewer.make("Other")
    item = await viewer.put(one)
    for method, body in (("PATCH", {"title": "t"}), ("DELETE", None)):
        answer = await viewer.ask(method, f"/{other}/items/{item}", body)
        assert (answer.status_code, answer.json()["error"]) == (404, "NOT_FOUND")
    assert await viewer.titles(one) == ["Pages"]


async def test_surplus_boards_and_items_are_refused(
    somebody: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_BOARDS", 2)
    monkeypatch.setattr(store, "MOST_ITEMS", 3)
    viewer = await somebody(Role.VIEWER)
    new = {"site": viewer.site.key, "name": "b"}
    tries = [viewer.ask("POST", "", new) for _ in range(5)]
    made = await asyncio.gather(*tries)
    assert sorted(answer.status_code for answer in made) == [201, 201, 409, 409, 409]
    board = next(answer.json()["id"] for answer in made if answer.status_code == 201)
    puts = [viewer.ask("POST", f"/{board}/items", {"title": "t", "note": "n"}) for _ in range(6)]
    statuses = [answer.status_code for answer in await asyncio.gather(*puts)]
    assert sorted(statuses) == [201] * 3 + [409] * 3


async def test_changes_at_once_lose_no_item(somebody: Any) -> None:
    viewer = await somebody(Role.VIEWER)
    board = await viewer.make()
    old = [await viewer.put(board, f"old {number}", note="n") for number in range(6)]
    path = f"/{board}/items"
    answers = await asyncio.gather(
        *(viewer.ask("POST", path, {"title": f"new {n}", "note": "n"}) for n in range(6)),
        *(viewer.ask("PATCH", f"{path}/{item}", {"place": 5 - n}) for n, item in enumerate(old)),
        *(viewer.ask("DELETE", f"{path}/{item}") for item in old[:2]),
        viewer.ask("PATCH", f"/{board}", {"name": "Renamed"}),
    )
    assert {answer.status_code for answer in answers} <= {200, 201, 204, 404}
    titles = sorted(await viewer.titles(board))
    assert titles == [f"new {n}" for n in range(6)] + [f"old {n}" for n in range(2, 6)]


MOVES = st.lists(
    st.tuples(st.sampled_from(("add", "move", "remove")), st.integers(0, 7), st.integers(0, 9)),
    max_size=12,
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(moves=MOVES)
async def test_order_is_that_of_a_list_after_any_moves(site: TestSite, moves: list[Any]) -> None:
    owner = Collector(site, site.admin)
    board = await owner.make()
    expected: list[int] = []
    for what, which, place in moves:
        if what == "add":
            expected.append(await owner.put(board, note="n"))
        elif expected:
            item = expected[which % len(expected)]
            expected.remove(item)
            if what == "move":
                expected.insert(place, item)
                await owner.ask("PATCH", f"/{board}/items/{item}", {"place": place})
            else:
                await owner.ask("DELETE", f"/{board}/items/{item}")
    assert [item["id"] for item in await owner.items(board)] == expected
    await owner.ask("DELETE", f"/{board}")


async def test_boards_go_with_account_unless_they_are_shared(
    somebody: Any, stored: Site, database: Database
) -> None:
    viewer, admin = await somebody(Role.VIEWER), await somebody(Role.ADMIN)
    own, ours = await viewer.make("Own"), await viewer.make("Ours", shared=True)
    await viewer.put(own)
    item = await viewer.put(ours)
    user = (await viewer.site.client.get("/api/auth/me", headers=viewer.headers)).json()["id"]
    root = await somebody(is_superuser=True)
    gone = await root.site.client.delete(f"/api/users/{user}", headers=root.headers)
    assert gone.status_code == 204, gone.text
    rows = await change(database, "select name from board where site_id = %s", stored.id)
    assert rows == [("Ours",)]
    found = (await admin.ask("GET", f"/{ours}")).json()
    assert (found["owner"], found["can_change"]) == (None, True)
    kept = await admin.ask("PATCH", f"/{ours}", {"shared": False, "name": "Kept"})
    assert (kept.json()["shared"], kept.json()["name"]) == (True, "Kept")
    assert [one["id"] for one in found["items"]] == [item]


async def test_boards_of_deleted_site_are_not_found(
    somebody: Any, stored: Site, database: Database
) -> None:
    owner = await somebody(Role.OWNER)
    board = await owner.make(shared=True)
    await owner.put(board)
    gone: httpx.Response = await owner.site.client.delete(
        f"/api/sites/{stored.key}?confirm={stored.key}", headers=owner.headers
    )
    assert gone.status_code == 204, gone.text
    for method, path in (("GET", f"/{board}"), ("GET", f"/{board}/answers")):
        assert (await owner.ask(method, path)).status_code == 404
    await change(database, "delete from site where id = %s", stored.id)
    assert await change(database, "select id from board where id = %s", board) == []
