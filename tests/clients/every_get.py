"""Calls every GET operation with the generated Python client, and sends events with it.

Run with the client `generated` on the path; prints the outcome of each operation in JSON.
"""

import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from uuid import UUID

from generated import AuthenticatedClient, Client, api
from generated.api.accounts import accounts_login
from generated.api.analytics import analytics_sessions
from generated.api.events import events_send
from generated.models import EventIn, EventOut, IngestReport, Login, Token

SITE = "demo"


def operations() -> Iterator[tuple[str, ModuleType]]:
    """The modules of the client that have an operation, by its id."""
    for found in pkgutil.walk_packages(api.__path__, f"{api.__name__}."):
        if not found.ispkg:
            yield found.name.rpartition(".")[2], importlib.import_module(found.name)


def is_get(operation: ModuleType, arguments: dict[str, Any]) -> bool:
    taken = inspect.signature(operation._get_kwargs).parameters
    if "body" in taken:
        return False
    return operation._get_kwargs(**chosen(operation, arguments))["method"] == "get"


def chosen(operation: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that an operation takes."""
    taken = inspect.signature(operation._get_kwargs).parameters
    return {name: value for name, value in arguments.items() if name in taken}


def log_in(base: str, email: str, password: str) -> AuthenticatedClient:
    token = accounts_login.sync(
        client=Client(base_url=base), body=Login(email=email, password=password)
    )
    assert isinstance(token, Token), token
    return AuthenticatedClient(base_url=base, token=token.access_token)


def send(client: AuthenticatedClient) -> UUID:
    """Sends an event and a batch; the id of the event."""
    event = EventIn.from_dict({"page": "/pricing", "site": SITE, "props": {"plan": "pro"}})
    stored = events_send.sync(client=client, body=event)
    assert isinstance(stored, EventOut), stored
    assert (stored.page, stored.props.to_dict()) == ("/pricing", {"plan": "pro"})
    report = events_send.sync(client=client, body=[event, EventIn(name="Signup", site=SITE)])
    assert isinstance(report, IngestReport), report
    assert report.accepted == 2
    return stored.id


def main(base: str, email: str, password: str) -> None:
    client = log_in(base, email, password)
    event = send(client)
    visits = analytics_sessions.sync(client=client, site=SITE, days=1)
    arguments = {
        **{"site": SITE, "key": SITE, "days": 7, "pages": ["/", "/pricing"]},
        **{"event_id": event, "visit": visits.rows[0].id},
    }
    outcomes = {
        name: outcome(operation, client, chosen(operation, arguments))
        for name, operation in operations()
        if is_get(operation, arguments)
    }
    json.dump(outcomes, sys.stdout)


def outcome(operation: ModuleType, client: AuthenticatedClient, given: dict[str, Any]) -> list[Any]:
    """The status of an operation, and the class of what the client made of the response."""
    answer = operation.sync_detailed(client=client, **given)
    return [answer.status_code, type(answer.parsed).__name__]


if __name__ == "__main__":
    main(*sys.argv[1:])
