"""The numbers that the service tells Prometheus."""

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

Numbers = dict[tuple[str, ...], float]


def numbers_in(text: str) -> Numbers:
    """The samples of an exposition by name and label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("analytics_")
    }


async def numbers_of(app: FastAPI) -> Numbers:
    """What a caller on the same machine is told."""
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return numbers_in((await client.get("/metrics")).text)
