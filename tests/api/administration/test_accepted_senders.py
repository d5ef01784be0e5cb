"""A site may take events of its own hosts only, and of trusted senders only."""

from typing import Any

import httpx
import pytest

from administering import Person, join, register, with_key
from api.auth.keys import Scope
from api.db.database import Database
from api.events.enrich.senders import is_among
from conftest import TestSite, rejected_are_kept
from refusals import is_refusal

pytestmark = pytest.mark.any_engine


@pytest.fixture(scope="module")
async def editor(client: httpx.AsyncClient) -> Person:
    return await register(client)


@pytest.mark.parametrize(
    ("hostname", "names", "expected"),
    [
        ("a.example", ["a.example"], True),
        ("www.a.example", ["a.example"], False),
        ("a.example.evil.example", ["a.example"], False),
        ("evil-a.example", ["a.example", "*.a.example"], False),
        ("www.a.example", ["*.a.example"], True),
        ("x.www.a.example", ["*.a.example"], True),
        ("a.example", ["*.a.example"], False),
        (".a.example", ["b.example"], False),
        ("", ["a.example", "*.a.example"], False),
    ],
)
def test_host_is_among_listed_ones(hostname: str, names: list[str], expected: bool) -> None:
    assert is_among(hostname, names) == expected


async def limit(site: TestSite, **settings: Any) -> None:
    changed = await site.client.patch(f"/api/sites/{site.key}", json=settings, headers=site.admin)
    assert changed.status_code == 200, changed.text


async def send(site: TestSite, headers: dict[str, str], **event: Any) -> str:
    """What becomes of an event: '' if it is stored, else the code of the refusal."""
    body = {"site": site.key, "page": "/"} | event
    answer = await site.client.post("/api/events", json=body, headers=headers)
    if answer.status_code == 201:
        return ""
    assert answer.status_code in (403, 404, 422)
    assert is_refusal(answer)
    return answer.json()["error"]


async def rejected(site: TestSite) -> list[str]:
    """The codes of the rejected events that are kept, newest first."""
    await rejected_are_kept(site.client)
    listed = await site.client.get(f"/api/sites/{site.key}/rejected", headers=site.admin)
    return [one["error"] for one in listed.json()]


async def test_events_of_foreign_hosts_are_rejected_and_kept(site: TestSite) -> None:
    own = f"{site.key}.example"
    await limit(site, hostnames=[own.upper(), "*.shop.example"])
    for sender in ({}, site.admin):
        for event, code in (
            ({"hostname": own}, ""),
            ({"page": f"https://{own}/a"}, ""),
            ({"page": "https://WWW.Shop.Example:8080/a"}, ""),
            ({}, ""),  # names no host, and has the domain of the site
            ({"hostname": "evil.example"}, "FOREIGN_HOST"),
            ({"page": "https://evil.example/a"}, "FOREIGN_HOST"),
            ({"page": f"https://{own}/a", "hostname": "evil.example"}, "FOREIGN_HOST"),
        ):
            assert await send(site, sender, **event) == code, event
    pixel = await site.client.get(
        "/pixel.gif", params={"site": site.key, "page": "https://evil.example/"}
    )
    assert (pixel.status_code, pixel.headers["X-Error"]) == (422, "FOREIGN_HOST")
    assert await rejected(site) == ["FOREIGN_HOST"] * 7
    await limit(site, hostnames=[])
    assert await send(site, {}, hostname="evil.example") == ""


async def test_rejected_event_is_replayed_once_its_host_is_listed(site: TestSite) -> None:
    await limit(site, hostnames=["a.example"])
    assert await send(site, {}, hostname="b.example") == "FOREIGN_HOST"
    await rejected_are_kept(site.client)
    path = f"/api/sites/{site.key}/rejected/replay"
    for hostnames, accepted in ((["a.example"], 0), (["a.example", "b.example"], 1)):
        await limit(site, hostnames=hostnames)
        report = await site.client.post(path, json={}, headers=site.admin)
        assert report.json()["accepted"] == accepted


async def test_key_required_refuses_all_but_trusted_senders(
    site: TestSite, editor: Person, database: Database
) -> None:
    await join(database, site.key, editor, "editor")
    await limit(site, ingest_key_required=True)
    ingest = await with_key(database, editor, Scope.WRITE)
    reading = await with_key(database, editor, Scope.READ)
    for headers, code in (
        ({}, "KEY_REQUIRED"),
        (reading.headers, "FORBIDDEN"),
        (ingest.headers, ""),
        (editor.headers, ""),
    ):
        assert await send(site, headers) == code
    await join(database, site.key, editor, "viewer")
    assert await send(site, ingest.headers) == "UNKNOWN_SITE"
    assert await rejected(site) == ["KEY_REQUIRED"]
    await limit(site, ingest_key_required=False)
    assert await send(site, {}) == ""
