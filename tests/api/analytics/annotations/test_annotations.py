"""Annotations: notes at days of a site, and who may save them."""

from typing import Any

import pytest

from api.analytics.annotations import store
from conftest import TestSite


async def save(site: TestSite, day: str, text: str, status: int = 201) -> Any:
    """Saves a note; what is answered."""
    body = {"site": site.key, "day": day, "text": text}
    answer = await site.client.post("/api/annotations", json=body, headers=site.admin)
    assert answer.status_code == status, answer.text
    return answer.json()


async def listed(site: TestSite) -> list[tuple[str, str]]:
    """Day and text of the notes of a site."""
    answer = await site.client.get("/api/annotations", params={"site": site.key})
    return [(note["day"], note["text"]) for note in answer.json()]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"text": ""}, "at least 1"),
        ({"text": "x" * 201}, "at most 200"),
        ({"text": "a\0"}, "NUL"),
        ({"day": "2026-02-30"}, "day"),
        ({"day": "yesterday"}, "day"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_invalid_annotation_is_refused(
    site: TestSite, changes: dict[str, Any], problem: str
) -> None:
    body = {"site": site.key, "day": "2026-03-10", "text": "Launch", **changes}
    answer = await site.client.post("/api/annotations", json=body, headers=site.admin)
    assert (answer.status_code, answer.json()["error"]) == (422, "INVALID")
    assert problem in answer.json()["detail"]
    assert await listed(site) == []


async def test_strangers_read_annotations_and_save_none(site: TestSite) -> None:
    note = await save(site, "2026-03-10", "Launch")
    body = {"site": site.key, "day": "2026-03-10", "text": "Spam"}
    assert (await site.client.post("/api/annotations", json=body)).status_code == 401
    assert (await site.client.delete(f"/api/annotations/{note['id']}")).status_code == 401
    assert await listed(site) == [("2026-03-10", "Launch")]


async def test_annotations_above_the_limit_are_refused(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_ANNOTATIONS", 1)
    await save(site, "2026-03-10", "Launch")
    assert (await save(site, "2026-03-11", "More", 409))["error"] == "CONFLICT"


async def test_annotations_are_listed_by_day_and_deleted_once(site: TestSite) -> None:
    last = await save(site, "2026-03-11", "Fair")
    await save(site, "2026-03-10", "Launch")
    await save(site, "2026-03-11", "Fair, second day")
    assert await listed(site) == [
        ("2026-03-10", "Launch"),
        ("2026-03-11", "Fair"),
        ("2026-03-11", "Fair, second day"),
    ]
    for status in (204, 404):
        path = f"/api/annotations/{last['id']}"
        assert (await site.client.delete(path, headers=site.admin)).status_code == status
    assert len(await listed(site)) == 2
