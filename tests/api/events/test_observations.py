"""Web vitals and JavaScript errors: what is stored of them, and that nothing else counts them."""

from typing import Any
from uuid import uuid4

import pytest

from api.events.enrich.observations import observed_props
from api.events.models import EventIn
from api.events.receive.rejection import Rejected
from conftest import TestSite

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0 Safari/537.36"
LONGEST = 2**31


def vital(name: Any = "LCP", value: Any = 1200, **more: Any) -> dict[str, Any]:
    return {"name": "web_vital", "page": "/", "props": {"name": name, "value": value}, **more}


def js_error(**props: Any) -> dict[str, Any]:
    return {"name": "js_error", "page": "/", "props": {"message": "TypeError: x", **props}}


async def test_observations_are_in_no_other_number(site: TestSite) -> None:
    await site.send(vital(user_agent=CHROME), js_error() | {"user_agent": CHROME})
    answers = {
        report: await site.ask(report, days=1, **more)
        for report, more in (
            ("pages", {"detail": True}),
            ("timeseries", {"interval": "day"}),
            ("sessions", {}),
            ("events", {}),
            ("values", {"dimension": "page"}),
        )
    }
    answers["event-buckets"] = (await site.client.get(f"/api/events?site={site.key}")).json()
    assert not any(answer["rows"] for name, answer in answers.items() if name != "timeseries")
    counted = ("visits", "visitors", "pageviews", "custom_events")
    (row,) = answers["timeseries"]["rows"]
    assert [row[key] for key in counted] == [0, 0, 0, 0]
    assert answers["pages"]["totals"]["visitors"] == 0
    vitals = (await site.ask("web-vitals", days=1))["rows"]
    errors = (await site.ask("errors", days=1))["rows"]
    assert [(row["name"], row["count"]) for row in vitals] == [("LCP", 1)]
    assert [(row["message"], row["count"]) for row in errors] == [("TypeError: x", 1)]


async def test_observations_do_not_lengthen_or_join_visits(site: TestSite) -> None:
    def at(minute: int, **event: Any) -> dict[str, Any]:
        time = f"2026-11-20T12:{minute:02}:00Z"
        return {"time": time, "visitor_id": "ann", **event}

    views = at(0, page="/"), at(50, page="/")
    between = [at(minute, **kind) for minute in (20, 40) for kind in (vital(), js_error())]
    await site.send(*between[:2], *views, *between[2:])
    rows = (await site.ask("sessions", **{"from": "2026-11-20", "to": "2026-11-20"}))["rows"]
    assert [row["duration_seconds"] for row in rows] == [0, 0]


async def test_observation_sent_again_is_a_duplicate_wherever_it_comes_from(site: TestSite) -> None:
    ids = [str(uuid4()) for _ in range(2)]
    told = [vital(id=ids[0]), js_error() | {"id": ids[1]}]
    assert (await site.send(*told, *told))["duplicate"] == 2
    elsewhere = [one | {"visitor_id": "another address"} for one in told]
    report = await site.send(*elsewhere, {"page": "/"})
    assert (report["accepted"], report["duplicate"]) == (1, 2)
    url, more = "/api/events/", {"site": site.key}
    again = await site.client.post(url, json=told[0] | more, headers=site.admin)
    assert again.status_code == 200
    assert [row["count"] for row in (await site.ask("web-vitals", days=1))["rows"]] == [1]
    assert [row["count"] for row in (await site.ask("errors", days=1))["rows"]] == [1]


async def test_invalid_observations_are_rejected_and_their_neighbours_stored(
    site: TestSite,
) -> None:
    bad = [
        *(vital(name) for name in ("lcp", "", None, 5, ["LCP"], {"LCP": 1})),
        *(vital("LCP", value) for value in (-1, -0.001, 600_001, 1e300, "1200", None, True, [1])),
        vital("CLS", 100.5),
        vital() | {"page": ""},
        vital() | {"props": None},
        *(js_error(message=message) for message in ("", "   ", None, 5, ["x"])),
        js_error() | {"page": ""},
    ]
    report = await site.send(*bad, vital("CLS", 0), vital("TTFB", 600_000), js_error())
    assert (report["accepted"], len(report["rejected"])) == (3, len(bad))
    codes = {rejection["error"] for rejection in report["rejected"]}
    assert codes == {"INVALID_FIELD", "NO_PAGE"}
    nan = f'{{"site": "{site.key}", "name": "web_vital", "page": "/", "props": {{"value": NaN}}}}'
    refused = await site.client.post("/api/events/", content=nan)
    assert (refused.status_code, refused.json()["error"]) == (422, "NOT_A_NUMBER")
    rows = (await site.ask("web-vitals", days=1))["rows"]
    assert sorted((row["name"], row["p75"]) for row in rows) == [("CLS", 0), ("TTFB", 600_000)]


async def test_observations_of_bots_are_the_events_of_bots(site: TestSite) -> None:
    await site.send(vital(user_agent="Googlebot/2.1 (+http://www.google.com/bot.html)"))
    assert (await site.ask("web-vitals", days=1))["rows"] == []
    assert [row["events"] for row in (await site.ask("bots", days=1))["rows"]] == [1]


async def test_erasure_deletes_observations_of_person_only(site: TestSite) -> None:
    for who in ({"user_id": "jane"}, {"user_agent": CHROME}):
        await site.send(*(one | who for one in ({"page": "/"}, vital(), vital(), js_error())))
    url = f"/api/sites/{site.key}/erasures"
    receipt = await site.client.post(url, json={"user_id": "jane"}, headers=site.admin)
    assert receipt.json()["observations"] == 3
    (unnamed,) = (await site.ask("funnel/visitors", pages="/"))["rows"]
    assert [row["count"] for row in (await site.ask("web-vitals", days=1))["rows"]] == [2]
    asked = {"visitor_id": unnamed["visitor_id"]}
    assert (await site.client.post(url, json=asked, headers=site.admin)).json()["observations"] == 3
    assert (await site.ask("web-vitals", days=1))["rows"] == []
    assert (await site.ask("errors", days=1))["rows"] == []


def props(kind: str, **told: Any) -> Any:
    return observed_props(EventIn(name=kind, page="/", props=told))


@pytest.mark.parametrize(
    ("told", "source"),
    [
        ({"source": "https://a.example/app.js", "line": 10, "column": 5}, ":10:5"),
        ({"source": "https://ann:pw@a.example/app.js?t=s3cret#x", "line": 10}, ":10"),
        ({"source": "https://a.example/app.js", "line": -1, "column": LONGEST}, ""),
        ({"source": "https://a.example/app.js", "line": True, "column": "5"}, ""),
    ],
)
def test_source_of_error_is_file_line_and_column(told: Any, source: str) -> None:
    assert props("js_error", message="x", **told)["source"] == f"https://a.example/app.js{source}"


def test_error_without_file_has_no_source() -> None:
    for source in (None, "", 5, ["https://a.example/app.js"]):
        assert props("js_error", message="x", source=source, line=1)["source"] == ""
    assert props("js_error", message="x", source="data:,throw(1)", line=1)["source"] == "data:"


def test_error_is_stored_without_personal_data_and_in_one_line() -> None:
    told = props(
        "js_error",
        message="No account\n for ann@example.com at https://a.example/?t=s3cret from 192.0.2.1",
        frame=f"at load (https://a.example/app.js?key=s3cret:1:2) {'x' * 5000}",
        ours="of the site",
    )
    assert told.keys() == {"message", "source", "frame"}
    assert told["message"] == "No account for [email] at https://a.example/ from [address]"
    assert "s3cret" not in told["frame"]
    assert len(told["frame"]) == 200
    assert len(props("js_error", message="word " * 5000)["message"]) <= 300


def test_vital_is_stored_as_number_without_props_of_site() -> None:
    assert props("web_vital", name="CLS", value=0, plan="pro") == {"name": "CLS", "value": 0.0}
    with pytest.raises(Rejected, match="not the name of a web vital"):
        props("web_vital", name="FID", value=1)
