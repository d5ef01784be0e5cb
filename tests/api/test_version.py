"""GET /api/version, and the places that name a version."""

import json
import tomllib
from pathlib import Path

import httpx

from api.db.engine import Profile
from api.version import VERSION

ROOT = Path(__file__).parents[2]


async def test_version_names_product_api_and_engine(
    client: httpx.AsyncClient, profile: Profile
) -> None:
    answer = await client.get("/api/version")
    assert answer.json() == {"version": VERSION, "api": 1, "engine": profile.value}


def test_project_and_tracker_have_the_version_of_the_product() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    package = json.loads((ROOT / "src/tracker/package.json").read_text())
    assert project["version"] == package["version"] == VERSION


def test_changelog_begins_with_the_version_of_the_product() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"\n## {VERSION}" in changelog.partition("\n### ")[0]
