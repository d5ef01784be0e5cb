"""The reports of observations: web vitals against the oracle, and JavaScript errors."""

import random
from typing import Any

from conftest import TestSite
from oracle.observations import THRESHOLDS, Told, vitals
from oracle.telling import check

DAY = {"from": "2026-11-20", "to": "2026-11-20"}
AGENTS = {
    "desktop": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36",
    "mobile": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
}
ZONES = {"DE": "Europe/Berlin", "": ""}


def observation(rng: random.Random) -> Told:
    """A vital near its thresholds, on some page, device and country."""
    name = rng.choice([*THRESHOLDS])
    value = rng.choice([*THRESHOLDS[name], 0, round(rng.uniform(0, 2 * THRESHOLDS[name][1]), 3)])
    return {
        "name": "web_vital",
        "page": rng.choice(["/", "/", "/a", "/b"]),
        "time": f"2026-11-20T{rng.randrange(24):02}:30:00Z",
        "user_agent": AGENTS[rng.choice([*AGENTS])],
        "timezone": ZONES[rng.choice([*ZONES])],
        "props": {"name": name, "value": value},
    }


async def test_web_vitals_equal_those_of_oracle(site: TestSite) -> None:
    rng = random.Random(4)
    told = [observation(rng) for _ in range(400)]
    out_of_range = told[0] | {"time": "2026-11-21T00:00:00Z"}
    await site.send(*told, out_of_range)
    devices = {agent: name for name, agent in AGENTS.items()}
    countries = {zone: code for code, zone in ZONES.items()}
    for dimension, value_of in (
        ("", lambda _: None),
        ("page", lambda one: one["page"]),
        ("device", lambda one: devices[one["user_agent"]]),
        ("country", lambda one: countries[one["timezone"]]),
    ):
        expected = vitals(told, value_of)
        for row in expected:
            value = row.pop("value")
            row |= {dimension: value} if dimension else {}
        asked = {"dimension": dimension} if dimension else {}
        answer = await site.ask("web-vitals", **DAY, **asked)
        check(answer["rows"], expected)
        assert answer["page"] == {"total": len(expected), "next": None}
    assert answer["engine"] == "web_vital"
    some = [one for one in told if one["page"] in ("/a", "/b") and one["props"]["name"] == "CLS"]
    answer = await site.ask("web-vitals", **DAY, pages=["/a", "/b"], name="CLS")
    (expected_row,) = vitals(some, lambda _: None)
    del expected_row["value"]
    check(answer["rows"], [expected_row])


def error(message: str, hour: int, who: str, page: str = "/", **more: Any) -> dict[str, Any]:
    return {
        "name": "js_error",
        "page": page,
        "time": f"2026-11-20T{hour:02}:00:00Z",
        "visitor_id": who,
        "user_agent": AGENTS["desktop"],
        "props": {"message": message, "source": "https://a.example/app.js", "line": 1, **more},
    }


async def test_errors_are_grouped_by_message_and_source(site: TestSite) -> None:
    await site.send(
        error("x is undefined", 9, "ann", frame="at old"),
        error("x is undefined", 11, "ann", "/b", frame="at new"),
        error("x is undefined", 10, "bob") | {"user_agent": AGENTS["mobile"]},
        error("x is undefined", 12, "bob", line=2),
        error("timeout", 8, "eve"),
    )
    rows = (await site.ask("errors", **DAY))["rows"]
    one = {"count": 1, "visitors": 1, "pages": 1, "browsers": 1, "frame": ""}
    at = "https://a.example/app.js:"
    eight, twelve = "2026-11-20T08:00:00.000000Z", "2026-11-20T12:00:00.000000Z"
    assert rows == [
        {
            **{"message": "x is undefined", "source": f"{at}1", "frame": "at new"},
            **{"count": 3, "visitors": 2, "pages": 2, "browsers": 2},
            **{
                "first_seen": "2026-11-20T09:00:00.000000Z",
                "last_seen": "2026-11-20T11:00:00.000000Z",
            },
        },
        {"message": "timeout", "source": f"{at}1", "first_seen": eight, "last_seen": eight, **one},
        {
            **{"message": "x is undefined", "source": f"{at}2", **one},
            **{"first_seen": twelve, "last_seen": twelve},
        },
    ]
    by_page = await site.ask(
        "errors", **DAY, dimension="page", order="count:asc", pages=["/b", "/"]
    )
    assert [(row["page"], row["message"], row["count"]) for row in by_page["rows"]] == [
        ("/", "timeout", 1),
        ("/", "x is undefined", 1),
        ("/b", "x is undefined", 1),
        ("/", "x is undefined", 2),
    ]
