"""Saved segments: who may save them, who sees them, and what reports make of their filters."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from api.analytics.segments import store
from conftest import TestSite
from submitting import Account

GERMANS = json.dumps([["is", "country", ["DE"]]])
PATH = "/api/segments"


@pytest.fixture
async def reader(client: httpx.AsyncClient) -> Account:
    """An account without a role on the site, which is public."""
    return await Account(client).register()


async def save(site: TestSite, headers: Any, name: str = "Germans", **more: Any) -> httpx.Response:
    body = {"site": site.key, "name": name, "filters": GERMANS, **more}
    return await site.client.post(PATH, json=body, headers=headers)


async def names(site: TestSite, headers: Any = None) -> list[tuple[str, bool]]:
    """Names, and whether all see it, of the segments that a caller sees."""
    answer = await site.client.get(PATH, params={"site": site.key}, headers=headers)
    return [(segment["name"], segment["shared"]) for segment in answer.json()]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"filters": ""}, "at least 1"),
        ({"filters": "[]"}, "has no clause"),
        ({"filters": "x"}, "is not JSON"),
        ({"filters": '[["is", "colour", ["red"]]]'}, "colour"),
        ({"filters": '[["is", "goal", ["None"]]]'}, "goal"),
        ({"filters": "[" * 10_001}, "at most 10000"),
        ({"name": ""}, "at least 1"),
        ({"name": "a\0"}, "NUL"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_invalid_segment_is_refused(
    site: TestSite, reader: Account, change: dict[str, Any], problem: str
) -> None:
    answer = await save(site, reader.headers, **change)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")
    assert problem in answer.json()["detail"]


async def test_reader_saves_for_oneself_and_not_for_the_site(
    site: TestSite, reader: Account
) -> None:
    assert (await save(site, None)).status_code == 401
    assert (await save(site, reader.headers, shared=True)).status_code == 403
    assert (await save(site, reader.headers)).status_code == 201
    assert (await save(site, site.admin, shared=True)).status_code == 201
    assert (await save(site, site.admin, "Mine")).status_code == 201
    assert await names(site) == [("Germans", True)]
    assert await names(site, reader.headers) == [("Germans", False), ("Germans", True)]
    assert await names(site, site.admin) == [("Germans", True), ("Mine", False)]


async def test_segment_of_another_account_is_not_found(site: TestSite, reader: Account) -> None:
    own = (await save(site, reader.headers)).json()
    ours = (await save(site, site.admin, shared=True)).json()
    change = {"name": "Taken"}
    for headers, segment, status in (
        (site.admin, own, 404),
        (reader.headers, ours, 403),
        (None, ours, 401),
    ):
        path = f"{PATH}/{segment['id']}"
        patched = await site.client.patch(path, json=change, headers=headers)
        dropped = await site.client.delete(path, headers=headers)
        assert (patched.status_code, dropped.status_code) == (status, status)
    assert await names(site, reader.headers) == [("Germans", False), ("Germans", True)]


async def test_segment_is_renamed_changed_and_deleted(site: TestSite, reader: Account) -> None:
    made = (await save(site, reader.headers)).json()
    await save(site, reader.headers, "Other")
    path = f"{PATH}/{made['id']}"

    async def patch(**change: Any) -> httpx.Response:
        return await site.client.patch(path, json=change, headers=reader.headers)

    assert (await patch(name="Other")).status_code == 409
    assert (await patch(filters="[]")).status_code == 422
    wanted = json.dumps([["is", "country", ["AT"]]])
    assert (await patch(name="Austrians")).json() == made | {"name": "Austrians"}
    assert (await patch(filters=wanted)).json()["filters"] == wanted
    assert (await site.client.delete(path, headers=reader.headers)).status_code == 204
    assert (await site.client.delete(path, headers=reader.headers)).status_code == 404
    assert await names(site, reader.headers) == [("Other", False)]


async def test_name_is_used_once_by_each_owner(site: TestSite, reader: Account) -> None:
    for headers, shared in ((reader.headers, False), (site.admin, False), (site.admin, True)):
        tries = [save(site, headers, shared=shared) for _ in range(3)]
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*tries))
        assert statuses == [201, 409, 409]


async def test_surplus_segment_is_refused(
    site: TestSite, reader: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_SEGMENTS", 2)
    tries = [save(site, reader.headers, f"Segment {number}") for number in range(5)]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*tries))
    assert statuses == [201, 201, 409, 409, 409]
    assert (await save(site, site.admin, shared=True)).status_code == 201


async def test_report_takes_the_filters_of_a_segment(site: TestSite, reader: Account) -> None:
    await site.send({"page": "/a", "utm_source": "mail"}, {"page": "/b", "visitor_id": "v"})
    saved = await save(site, reader.headers, filters='[["is","source",["mail"]]]')
    answer = await site.ask("pages", filters=saved.json()["filters"])
    assert [row["page"] for row in answer["rows"]] == ["/a"]
