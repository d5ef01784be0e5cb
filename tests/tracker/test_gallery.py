"""Chromium walks the stories of the gallery, and the reports of a service equal their truth."""

from collections.abc import Iterator

import pytest
from gallery.reports import Reports, create_sites, expected_of
from gallery.server import serving
from gallery.stories import STORIES, Story
from gallery.visitor import Visitor
from playwright.sync_api import Browser

from processes import Service

BY_NAME = {story.name: story for story in STORIES}


@pytest.fixture(scope="module")
def service(empty_service: Service) -> Service:
    """A service with sites of these names."""
    create_sites(empty_service, BY_NAME)
    return empty_service


@pytest.fixture(scope="module")
def port(service: Service) -> Iterator[int]:
    """Where the sites are served, with the tracker in them."""

    def tag(name: str) -> str:
        options = BY_NAME[name].options
        script = "script-more.js" if "more" in options else "script.js"
        attributes = " ".join(f"data-{option}" for option in sorted(options - {"more"}))
        source = f"{service.base}/{script}"
        return f'<script defer src="{source}" data-site="{name}" {attributes}></script>'

    with serving(tag) as port:
        yield port


@pytest.mark.parametrize("story", STORIES, ids=BY_NAME)
def test_reports_equal_truth(
    story: Story, service: Service, port: int, keeping_browser: Browser
) -> None:
    with keeping_browser.new_context() as context:
        visitor = Visitor(context, story.origin(port))
        story.walk(visitor)
        visitor.leave()
        truth, reports = visitor.truth, Reports(service.base, story.name)
        assert reports.settled(truth) == expected_of(truth)
    engaged = reports.engaged()
    assert all(engaged[page] * 1000 >= least for page, least in truth.engaged.items())
