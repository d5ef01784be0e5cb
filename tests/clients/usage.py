"""Sends events and calls operations with the generated Python client.

Run with the client, the package `generated`, on the path. Arguments: the address of the service, an
e-mail address and password, and ids of operations. Prints the outcome of each in JSON.
"""

import importlib
import inspect
import json
import sys
import time
from typing import Any, get_type_hints
from uuid import UUID

from generated import AuthenticatedClient, Client
from generated.api.accounts import accounts_login, accounts_me, accounts_reset_own_password
from generated.api.analytics import analytics_batch, analytics_sessions
from generated.api.events import events_send
from generated.api.goals import goals_create
from generated.api.jobs import jobs_read, jobs_submit
from generated.models import (
    Batch,
    BatchCommon,
    BatchQuery,
    BatchQueryReport,
    Credentials,
    EventIn,
    EventOut,
    GoalIn,
    GoalOut,
    IngestReport,
    JobAccepted,
    JobIn,
    JobInParams,
    JobInReport,
    JobOut,
    PasswordReset,
    Status,
    Token,
)
from pyotp import TOTP

SITE = "demo"


STATS = {"site_id": SITE, "metrics": ["visitors"], "date_range": "7d"}

BODIES: dict[str, dict[str, Any]] = {
    "sites_replay_rejected": {"ids": [1]},
    "sites_set_retention": {"days": None},
    "sites_erase_person": {"visitor_id": "nobody"},
    "analytics_query_stats": STATS,
    "analytics_query_stats_at_path_of_plausible": STATS,
    "goals_create": {"site": SITE, "name": "Sign-up", "event": "Signup"},
    "accounts_begin_provider_login": {"next": "/"},
    "accounts_link_identity": {"next": "/", "password": "wrong"},
    "accounts_login_by_code": {"pending": "none", "code": "000000"},
}
"""What is sent with operations that take a body, beside those that have a function here."""


def module_of(operation_id: str) -> Any:
    """The generated module of an operation. Its folder has the name of the tag."""
    words = operation_id.split("_")
    tag = "_".join(words[: 2 if words[0] == "email" else 1])
    return importlib.import_module(f"generated.api.{tag}.{operation_id}")


def outcome(operation_id: str, client: AuthenticatedClient, given: dict[str, Any]) -> list[Any]:
    """The status of an operation, and the class of what the client made of the response."""
    operation = module_of(operation_id)
    taken = inspect.signature(operation.sync_detailed).parameters
    arguments = {name: value for name, value in given.items() if name in taken}
    if body := BODIES.get(operation_id):
        model = get_type_hints(operation.sync_detailed)["body"]
        arguments["body"] = model.from_dict(body)
    answer = operation.sync_detailed(client=client, **arguments)
    return [answer.status_code, type(answer.parsed).__name__]


def call(
    operation_id: str, client: Client | AuthenticatedClient, body: Any = None, **given: Any
) -> Any:
    """What an operation returns that succeeds; None for no content."""
    operation = module_of(operation_id)
    if body is not None:
        given["body"] = get_type_hints(operation.sync_detailed)["body"].from_dict(body)
    answer = operation.sync_detailed(client=client, **given)
    assert answer.status_code < 300, (operation_id, answer.content)
    return answer.parsed


def administer(base: str, client: AuthenticatedClient) -> None:
    """Makes a site, shares it with a new account, hands it over, and deletes it."""
    key, password = "client.example", "a long enough password"
    account = {"email": "guest@test.example", "password": password}
    number = call("accounts_register", Client(base_url=base), account).id
    guest = log_in(base, account["email"], password)
    call("sites_create", client, {"domain": key})
    call("sites_change", client, {"name": "Client"}, key=key)
    made, spare = [call("members_invite", client, {"role": "viewer"}, key=key) for _ in "ab"]
    token = {"token": made.token}
    assert call("members_look_at_invitation", Client(base_url=base), token).name == "Client"
    call("members_accept_invitation", guest, token)
    call("members_revoke_invitation", client, key=key, number=spare.id)
    call("members_set_role", client, {"role": "editor"}, key=key, account=number)
    call("members_transfer", client, {"account": number}, key=key)
    (other,) = [one for one in call("members_list", guest, key=key) if one.account != number]
    call("members_remove", guest, key=key, account=other.account)
    call("sites_delete", guest, key=key, confirm=key)


def keep_account(base: str, client: AuthenticatedClient) -> None:
    """Makes an account, guards it, changes it, and has it deleted by a superuser."""
    anybody, name, password = Client(base_url=base), "keeper", "a long enough password"
    new = {"username": name, "email": "keeper@test.example", "password": password}
    number = call("accounts_register", anybody, new).id
    given = {"username": name, "password": password}
    token = call("accounts_token", anybody, given)
    token = call("accounts_refresh_login", anybody, {"refresh_token": token.refresh_token})
    own = AuthenticatedClient(base_url=base, token=token.access_token)
    call("accounts_change_me", own, {"full_name": "Keeper"})
    other = call("accounts_login", anybody, given)
    (spare,) = [one for one in call("accounts_list_logins", own) if not one.is_current]
    call("accounts_end_login", own, login_id=spare.id)
    call("accounts_end_other_logins", own)
    assert (
        accounts_me.sync_detailed(
            client=AuthenticatedClient(base_url=base, token=other.access_token)
        ).status_code
        == 401
    )
    secret = call("accounts_begin_second_factor", own, {"password": password}).secret
    codes = call("accounts_confirm_second_factor", own, {"code": TOTP(secret).now()}).codes
    call("accounts_disable_second_factor", own, {"password": password, "code": codes[0]})
    changed = "another long password"
    call("accounts_change_password", own, {"old_password": password, "password": changed})
    call("accounts_forgot_password", anybody, {"username": name})
    reset = PasswordReset(token="x" * 43, password=password)
    answer = accounts_reset_own_password.sync_detailed(client=anybody, body=reset)
    assert answer.status_code == 401, answer
    call("accounts_logout", own)
    assert call("users_read", client, user_id=number).full_name == "Keeper"
    call("users_change", client, {"is_active": False}, user_id=number)
    call("users_disable_second_factor", client, user_id=number)
    call("users_delete", client, user_id=number)


def leave(base: str) -> None:
    """Makes an account and deletes it oneself."""
    person = {"email": "leaver@test.example", "password": "a long enough password"}
    call("accounts_register", Client(base_url=base), person)
    own = log_in(base, person["email"], person["password"])
    call("accounts_delete_me", own, {"password": person["password"]})


def share(base: str, client: AuthenticatedClient) -> None:
    """Makes keys and a share link, reads with them, and revokes them."""
    own = call("keys_create", client, {"name": "export", "scopes": ["stats:read"]})
    ours = call("keys_create", client, {"name": "site", "scopes": ["stats:read"], "site": SITE})
    for key in (own, ours):
        call("live_stats", reader(base, key.secret), site=SITE)
    listed = call("keys_list_of_site", client, key=SITE)
    assert [one.id for one in listed] == [ours.id]
    call("keys_revoke", client, number=own.id)
    call("keys_revoke_of_site", client, key=SITE, number=ours.id)
    link = call("shares_create", client, {"name": "board", "password": "open sesame"}, key=SITE)
    asked = {"secret": link.secret, "password": "open sesame"}
    opened = call("shares_open", Client(base_url=base), asked)
    call("analytics_devices", reader(base, opened.access_token), site=SITE)
    call("shares_revoke", client, key=SITE, share_id=link.id)


def save_segment(client: AuthenticatedClient) -> None:
    """Saves filters under a name, renames the segment, and deletes it."""
    filters = '[["is", "country", ["DE"]]]'
    new = {"site": SITE, "name": "Germans", "filters": filters, "shared": True}
    made = call("segments_create", client, new)
    renamed = call("segments_change", client, {"name": "From Germany"}, number=made.id)
    assert (renamed.name, renamed.filters) == ("From Germany", filters)
    call("segments_delete", client, number=made.id)


def keep_board(client: AuthenticatedClient) -> None:
    """Makes a board with a note, renames both, and deletes them."""
    made = call("boards_create", client, {"site": SITE, "name": "Mine"})
    note = call("boards_add", client, {"title": "To do", "note": "Nothing"}, number=made.id)
    renamed = call("boards_change", client, {"name": "Ours"}, number=made.id)
    call("boards_change_item", client, {"title": "Done"}, number=made.id, item=note.id)
    (item,) = call("boards_read", client, number=made.id).items
    assert (renamed.name, item.title, item.note) == ("Ours", "Done", "Nothing")
    call("boards_answers", client, number=made.id)
    call("boards_remove", client, number=made.id, item=note.id)
    call("boards_delete", client, number=made.id)


def keep_alert(client: AuthenticatedClient) -> None:
    """Makes an alert rule, switches it off, and deletes it."""
    rule = {"name": "Lost", "kind": "not_found", "threshold": 5}
    made = call("alerts_create", client, rule, key=SITE)
    assert not call(
        "alerts_change", client, {"is_active": False}, key=SITE, number=made.id
    ).is_active
    call("alerts_occurrences", client, key=SITE, number=made.id)
    call("alerts_delete", client, key=SITE, number=made.id)


def forecast(client: AuthenticatedClient) -> None:
    """Forecasts a week from all days of the demo site that are over."""
    assert len(call("analytics_forecast", client, site=SITE, days=30).rows) == 7


def subscribe(client: AuthenticatedClient) -> None:
    """Has a report sent by e-mail, and stops it."""
    new = {"address": "boss@test.example", "every": "week"}
    made = call("email_reports_create", client, new, key=SITE)
    call("email_reports_delete", client, key=SITE, number=made.id)


def erase_import(client: AuthenticatedClient) -> None:
    """Erases the numbers that another product counted."""
    (made,) = call("sites_list_imports_of_site", client, key=SITE)
    call("sites_erase_import_of_site", client, key=SITE, import_id=made.id)
    assert call("sites_list_imports_of_site", client, key=SITE) == []


def annotate(client: AuthenticatedClient) -> None:
    """Adds a note to a day, and deletes it."""
    note = {"site": SITE, "day": "2026-01-01", "text": "New year"}
    made = call("annotations_create", client, note)
    call("annotations_delete", client, number=made.id)


def run_job(client: AuthenticatedClient) -> None:
    """Asks a background job to run, and reads what is known of it."""
    call("jobs_run_background", client, name="create-partitions-ahead")
    call("jobs_read_background", client, name="create-partitions-ahead")


def read_notifications(client: AuthenticatedClient) -> None:
    """Marks no notification as read."""
    call("notifications_read", client, {"ids": []})


ELSEWHERE = {
    "accounts_begin_provider_login": 404,
    "accounts_link_identity": 404,
    "accounts_unlink_identity": 404,
    "accounts_login_by_code": 401,
}
"""Operations on logins at other providers, of which this service has none, and their refusals."""


def log_in_elsewhere(client: AuthenticatedClient) -> None:
    """Asks for a provider that there is not."""
    said = {name: outcome(name, client, {"provider": "none"}) for name in ELSEWHERE}
    assert said == {name: [status, "Refusal"] for name, status in ELSEWHERE.items()}, said


def reader(base: str, secret: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=base, token=secret)


def log_in(base: str, email: str, password: str) -> AuthenticatedClient:
    token = accounts_login.sync(
        client=Client(base_url=base), body=Credentials(username=email, password=password)
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


def ask_many(client: AuthenticatedClient) -> None:
    """Asks for the pages of each of three ranges in one request."""
    queries = [BatchQuery(report=BatchQueryReport.PAGES, id=f"{days}") for days in (1, 7, 30)]
    for query in queries:
        query["days"] = int(query.id)
    common = BatchCommon.from_dict({"site": SITE, "limit": 3})
    answer = analytics_batch.sync_detailed(
        client=client, body=Batch(queries=queries, common=common)
    )
    lines = [json.loads(line) for line in answer.content.splitlines()]
    assert {line["id"]: line["status"] for line in lines} == dict.fromkeys(("1", "7", "30"), 200)


def submit(client: AuthenticatedClient) -> UUID:
    """Submits a job, and waits until it is done; its id."""
    asked = JobIn(report=JobInReport.PAGES, params=JobInParams.from_dict({"site": SITE, "days": 7}))
    job = jobs_submit.sync(client=client, body=asked)
    assert isinstance(job, JobAccepted), job
    for _ in range(600):
        found = jobs_read.sync(job.id, client=client)
        assert isinstance(found, JobOut), found
        if found.status is Status.DONE:
            return job.id
        time.sleep(0.1)
    raise AssertionError(found)


def main(base: str, email: str, password: str, *operations: str) -> None:
    client = log_in(base, email, password)
    event = send(client)
    ask_many(client)
    administer(base, client)
    keep_account(base, client)
    leave(base)
    share(base, client)
    save_segment(client)
    keep_board(client)
    keep_alert(client)
    forecast(client)
    subscribe(client)
    erase_import(client)
    annotate(client)
    run_job(client)
    read_notifications(client)
    log_in_elsewhere(client)
    visits = analytics_sessions.sync(client=client, site=SITE, days=1)
    goal = goals_create.sync(client=client, body=GoalIn(site=SITE, name="Pricing", page="/pricing"))
    assert isinstance(goal, GoalOut), goal
    visit = visits.rows[0].visit_id
    given = {
        **{"site": SITE, "key": SITE, "days": 7, "pages": ["/", "/pricing"], "page": "/"},
        **{"event_id": event, "visit": visit, "job_id": submit(client), "number": goal.id},
        "goal": "/pricing",
    }
    BODIES["sites_move_bot_out"] = {"visit_id": str(visits.rows[-1].visit_id)}
    json.dump({name: outcome(name, client, given) for name in operations}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
