"""Who may do what: a row for each route, and callers of every kind to try it with.

A new route takes one row of ROWS. A row names what the route needs; NEEDS says for each kind of
caller which status that is, `ok` where it is answered.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from api.administration.key_store import NewKey, create_key
from api.administration.share_store import create_share
from api.auth.keys import Scope
from api.auth.logins import Device, begin
from api.auth.models import User
from api.auth.shares import ShareLink
from api.auth.tokens import Purpose, Tokens
from api.db.database import Database
from api.email_reports.models import EmailReport
from api.email_reports.store import token_of
from api.sites.models import Membership, Role, Site, utc_now
from conftest import SECRET
from dashboard.pages import OWN_PAGES, PAGES
from submitting import change

CALLERS = (
    *("nobody", "registered", "viewer", "editor", "admin", "owner", "superuser"),
    *("key_read", "key_write", "key_admin", "key_expired", "login_ended", "neighbour", "share"),
)
"""Kinds of callers of a private site. `registered` has no role there; the keys are the owner's;
`neighbour` owns another site; `share` is a share link of the site."""

NEEDS = {
    #              nobo regi view edit admi owne supe key_ key_ key_ key_ logi neig shar
    #              dy   ster er   or   n    r    rus  read writ admi expi ende hbou e
    "nothing":     "ok   ok   ok   ok   ok   ok   ok   ok   ok   ok   ok   ok   ok   ok",
    "anybody":     "ok   ok   ok   ok   ok   ok   ok   ok   ok   ok   401  401  ok   401",
    "sender":      "ok   ok   ok   ok   ok   ok   ok   403  ok   ok   401  ok   ok   ok",
    "report":      "401  404  ok   ok   ok   ok   ok   ok   404  ok   401  401  404  ok",
    "one by one":  "401  404  ok   ok   ok   ok   ok   ok   404  ok   401  401  404  403",
    "viewer":      "401  404  ok   ok   ok   ok   ok   ok   404  ok   401  401  404  401",
    "raw":         "401  404  ok   ok   ok   ok   ok   ok   403  ok   401  401  404  401",
    "editor":      "401  404  403  ok   ok   ok   ok   403  404  ok   401  401  404  401",
    "known edit":  "401  404  403  ok   ok   ok   ok   403  403  ok   401  401  404  401",
    "admin":       "401  404  403  403  ok   ok   ok   403  404  ok   401  401  404  401",
    "leaver":      "401  404  ok   ok   ok   ok   ok   403  404  ok   401  401  404  401",
    "view login":  "401  404  ok   ok   ok   ok   ok   403  403  403  401  401  404  401",
    "edit login":  "401  404  403  ok   ok   ok   ok   403  403  403  401  401  404  401",
    "admin login": "401  404  403  403  ok   ok   ok   403  403  403  401  401  404  401",
    "owner":       "401  404  403  403  403  ok   ok   403  404  ok   401  401  404  401",
    "account":     "401  ok   ok   ok   ok   ok   ok   ok   403  ok   401  401  ok   401",
    "own page":    "401  ok   ok   ok   ok   ok   ok   ok   ok   ok   401  401  ok   401",
    "login":       "401  ok   ok   ok   ok   ok   ok   403  403  403  401  401  ok   401",
    "own job":     "401  404  404  404  404  ok   404  ok   403  ok   401  401  404  401",
    "own key":     "401  404  404  404  404  ok   404  403  403  403  401  401  404  401",
    "superuser":   "401  403  403  403  403  403  ok   403  403  403  401  401  403  401",
}  # fmt: skip
"""The status for each caller, in the order of CALLERS."""


def expected(need: str) -> dict[str, str]:
    """The status for each caller."""
    return dict(zip(CALLERS, NEEDS[need].split(), strict=True))


@dataclass
class World:
    """A private site with some data, and callers of every kind."""

    database: Database
    site: Site
    owner: User
    headers: dict[str, dict[str, str]]
    """By the kind of caller."""
    event: UUID
    visit: UUID

    async def insert(self, statement: str, *values: Any) -> Any:
        """Adds a row behind the back of the service; what it returns."""
        ((found,),) = await change(self.database, statement, *values)
        return found


Fresh = Callable[[World], Awaitable[Mapping[str, Any]]]


async def nothing(_: World) -> Mapping[str, Any]:
    return {}


async def nobodys(_: World) -> Mapping[str, Any]:
    """Ids of what there is not."""
    number = dict.fromkeys(("number", "account", "user_id"), 2**40)
    ids = {"login_id": uuid4(), "import_id": uuid4()}
    return {**number, **ids, "provider": "nobody"}


async def goal(world: World) -> Mapping[str, Any]:
    """A goal of the site."""
    added = "insert into goal (site_id, name, event) values (%s, %s, 'x') returning id"
    return {"number": await world.insert(added, world.site.id, str(uuid4()))}


async def annotation(world: World) -> Mapping[str, Any]:
    """A note at a day of the site."""
    added = "insert into annotation (site_id, day, text) values (%s, '2026-03-10', %s) returning id"
    return {"number": await world.insert(added, world.site.id, str(uuid4()))}


async def segment(world: World) -> Mapping[str, Any]:
    """A segment of the site."""
    added = "insert into segment (site_id, name, filters) values (%s, %s, '[]') returning id"
    return {"number": await world.insert(added, world.site.id, str(uuid4()))}


async def board(world: World) -> Mapping[str, Any]:
    """A board that is shared with members of the site and has one view, of a deleted account."""
    added = "insert into board (site_id, name) values (%s, 'b') returning id"
    number = await world.insert(added, world.site.id)
    put = (
        "insert into board_item (board_id, place, title, view) values (%s, 0, 't', %s) returning id"
    )
    return {"number": number, "item": await world.insert(put, number, json.dumps(VIEW))}


async def job(world: World) -> Mapping[str, Any]:
    """A job of the owner that is done."""
    added = (
        "insert into submitted_job (user_id, id, site_id, report, params, status, expires_at,"
        " headers) values (%s, %s, %s, 'pages', '{}', 'done', now() + interval '1 day', '{}')"
        " returning id"
    )
    return {"job_id": await world.insert(added, world.owner.id, uuid4(), world.site.id)}


async def rule(world: World) -> Mapping[str, Any]:
    """An alert rule of the site."""
    added = (
        "insert into alert_rule (site_id, name, kind, threshold, minimum, per, tells_editors,"
        " email_to, is_active, active_since) values (%s, %s, 'not_found', 1, 1, 'hour', true,"
        " '{}', true, now()) returning id"
    )
    return {"number": await world.insert(added, world.site.id, str(uuid4()))}


async def subscription(world: World) -> Mapping[str, Any]:
    """An e-mail report about the site, and the token that ends it."""
    report = EmailReport(
        site_id=world.site.number,
        address=f"{uuid4()}@test.example",
        every="week",
        for_members_only=False,
    )
    async with world.database.session() as session:
        session.add(report)
    return {"number": report.number, "token": token_of(SECRET, report)}


async def background_job(_: World) -> Mapping[str, Any]:
    """A job that the service runs."""
    return {"name": "delete-old-salts"}


async def key(world: World) -> Mapping[str, Any]:
    """An API key of the owner, limited to the site."""
    new = NewKey("fresh", [Scope.READ], world.site)
    found, _ = await create_key(world.database, world.owner, new)
    return {"number": found.key.number}


async def share(world: World) -> Mapping[str, Any]:
    """A share link of the site."""
    link, _ = await create_share(world.database, link_to(world.site))
    return {"share_id": link.id}


def link_to(site: Site) -> ShareLink:
    """A share link that is not stored yet."""
    return ShareLink(site_id=site.number, name="x", hash=b"")


@dataclass(frozen=True)
class Row:
    """What a route needs, the status when it has that, and a request. `{site}` in the query and the
    body is the site; `fresh` makes what the path names."""

    need: str
    ok: int = 200
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    fresh: Fresh = nothing


SITE = {"site": "{site}"}
STATS = {"site_id": "{site}", "metrics": ["visits"], "date_range": "7d"}
NEW_SEGMENT = {"site": "{site}", "name": "{unique}", "filters": '[["is", "page", ["/"]]]'}
NEW_BOARD = {"site": "{site}", "name": "b"}
NOTE = {"title": "t", "note": "n"}
VIEW = {
    "page": "/",
    "address": {"period": "7d"},
    "report": "pages",
    "params": {"period": "7d"},
    "drawing": "ranking",
    "columns": ["page", "pageviews"],
}
NEW_GOAL = {"site": "{site}", "name": "{unique}", "event": "x"}
NEW_RULE = {"name": "{unique}", "kind": "not_found", "threshold": 1}
NEW_ANNOTATION = {"site": "{site}", "day": "2026-03-10", "text": "{unique}"}

BAD_FILTER = {**SITE, "filters": "x"}
"""Asks a report for what it refuses once it is known who asks: so no time goes into answers."""

REPORTS = (
    *("timeseries", "pages", "traffic-sources", "devices", "locations", "entries", "exits"),
    *("sessions/series", "paths", "retention", "lifecycle", "stickiness", "events", "goals"),
    *("revenue", "rfm", "engagement", "engagement/frequency", "segments", "heatmap", "values"),
    *("forecast", "anomalies"),
    "conversions",
)

UNFILTERED = ("bots", "web-vitals", "errors", "imported")
"""Reports without filters."""

Route = tuple[str, str]
"""Method and path."""

ROWS: dict[Route, Row] = {
    # Accounts. What takes a password is asked without one.
    ("POST", "/api/auth/register"): Row("nothing", 422, body={}),
    ("POST", "/api/auth/login"): Row("nothing", 422, body={}),
    ("POST", "/api/auth/token"): Row("nothing", 415, body={}),
    ("POST", "/api/auth/refresh"): Row("nothing", 422, body={}),
    ("POST", "/api/auth/providers/{provider}/login"): Row("nothing", 404, body={}, fresh=nobodys),
    ("POST", "/api/auth/login/code"): Row("nothing", 422, body={}),
    ("GET", "/api/auth/identities"): Row("login"),
    ("POST", "/api/auth/identities/{provider}"): Row("login", 422, body={}, fresh=nobodys),
    ("DELETE", "/api/auth/identities/{provider}"): Row("login", 404, fresh=nobodys),
    ("GET", "/api/auth/me"): Row("account"),
    ("GET", "/api/auth/verify"): Row("account"),
    ("PATCH", "/api/auth/me"): Row("login", body={}),
    ("POST", "/api/auth/me/delete"): Row("login", 422, body={}),
    ("POST", "/api/auth/password"): Row("login", 422, body={}),
    ("POST", "/api/auth/password/forgot"): Row("nothing", 422, body={}),
    ("POST", "/api/auth/password/reset"): Row("nothing", 422, body={}),
    ("GET", "/api/auth/second-factor"): Row("login"),
    ("POST", "/api/auth/second-factor"): Row("login", 422, body={}),
    ("POST", "/api/auth/second-factor/confirm"): Row("login", 422, body={}),
    ("POST", "/api/auth/second-factor/disable"): Row("login", 422, body={}),
    ("GET", "/api/auth/logins"): Row("login"),
    ("DELETE", "/api/auth/logins"): Row("login"),
    ("DELETE", "/api/auth/logins/{login_id}"): Row("login", 404, fresh=nobodys),
    ("GET", "/api/auth/activity"): Row("login"),
    ("GET", "/api/users"): Row("superuser"),
    ("GET", "/api/users/{user_id}"): Row("superuser", 404, fresh=nobodys),
    ("PATCH", "/api/users/{user_id}"): Row("superuser", 404, body={}, fresh=nobodys),
    ("DELETE", "/api/users/{user_id}"): Row("superuser", 404, fresh=nobodys),
    ("DELETE", "/api/users/{user_id}/second-factor"): Row("superuser", 404, fresh=nobodys),
    ("GET", "/api/audit"): Row("superuser"),
    ("GET", "/api/audit/security"): Row("superuser"),
    ("WEBSOCKET", "/api/audit/live"): Row("superuser", 101),
    # API keys and share links.
    ("POST", "/api/keys"): Row("login", 201, body={"name": "x", "scopes": ["stats:read"]}),
    ("GET", "/api/keys"): Row("login"),
    ("DELETE", "/api/keys/{number}"): Row("own key", 204, fresh=key),
    ("GET", "/api/sites/{key}/keys"): Row("admin login"),
    ("DELETE", "/api/sites/{key}/keys/{number}"): Row("admin login", 204, fresh=key),
    ("POST", "/api/sites/{key}/shares"): Row("editor", 201, body={"name": "x"}),
    ("GET", "/api/sites/{key}/shares"): Row("editor"),
    ("DELETE", "/api/sites/{key}/shares/{share_id}"): Row("editor", 204, fresh=share),
    ("POST", "/api/shares/open"): Row("nothing", 422, body={}),
    ("GET", "/share/{share_id}"): Row("nothing", fresh=share),
    # Events.
    ("POST", "/api/events"): Row("sender", 201, body={"site": "{site}", "page": "/"}),
    ("GET", "/pixel.gif"): Row("sender", query={**SITE, "page": "/"}),
    ("GET", "/api/events/{event_id}"): Row("viewer", query=SITE),
    ("GET", "/api/events/raw"): Row("raw", query=SITE),
    ("GET", "/api/visits"): Row("raw", query=SITE),
    ("GET", "/api/changes"): Row("raw", query=SITE),
    # Sites and their members.
    ("POST", "/api/sites"): Row("account", 422, body={}),
    ("GET", "/api/sites"): Row("account"),
    ("GET", "/api/sites/{key}"): Row("viewer"),
    ("PATCH", "/api/sites/{key}"): Row("admin", body={}),
    ("DELETE", "/api/sites/{key}"): Row("owner", 422, {"confirm": "x"}),
    ("GET", "/api/sites/{key}/audit"): Row("admin"),
    ("GET", "/api/sites/{key}/members"): Row("viewer"),
    ("PUT", "/api/sites/{key}/members/{account}"): Row(
        "admin", 404, body={"role": "viewer"}, fresh=nobodys
    ),
    ("DELETE", "/api/sites/{key}/members/{account}"): Row("leaver", 404, fresh=nobodys),
    ("POST", "/api/sites/{key}/transfer"): Row("owner", 422, body={}),
    ("GET", "/api/sites/{key}/invitations"): Row("admin"),
    ("POST", "/api/sites/{key}/invitations"): Row("admin", 422, body={}),
    ("DELETE", "/api/sites/{key}/invitations/{number}"): Row("admin", 404, fresh=nobodys),
    ("POST", "/api/invitations/look"): Row("nothing", 422, body={}),
    ("POST", "/api/invitations/accept"): Row("login", 422, body={}),
    # What editors of a site do.
    ("GET", "/api/sites/{key}/rejected"): Row("editor"),
    ("POST", "/api/sites/{key}/rejected/replay"): Row("editor", body={}),
    ("GET", "/api/sites/{key}/imports"): Row("editor"),
    ("DELETE", "/api/sites/{key}/imports/{import_id}"): Row("editor", 404, fresh=nobodys),
    ("GET", "/api/sites/{key}/retention"): Row("editor"),
    ("PUT", "/api/sites/{key}/retention"): Row("editor", body={"days": 0}),
    ("POST", "/api/sites/{key}/erasures"): Row("editor", 201, body={"user_id": "nobody"}),
    ("POST", "/api/sites/{key}/bots"): Row("editor", 422, body={}),
    # Reports.
    ("GET", "/api/analytics/schema"): Row("nothing"),
    **{("GET", f"/api/analytics/{name}"): Row("report", 422, BAD_FILTER) for name in REPORTS},
    ("GET", "/api/events"): Row("report", 422, BAD_FILTER),
    **{("GET", f"/api/analytics/{name}"): Row("report", query=SITE) for name in UNFILTERED},
    ("GET", "/api/analytics/sites"): Row("account"),
    ("GET", "/api/analytics/funnel"): Row("report", 422, {**BAD_FILTER, "steps": "/"}),
    ("GET", "/api/analytics/funnel/visitors"): Row("one by one", 422, {**BAD_FILTER, "steps": "/"}),
    ("GET", "/api/analytics/correlations"): Row("report", 422, {**BAD_FILTER, "goal": "/"}),
    ("GET", "/api/analytics/sessions"): Row("one by one", 422, BAD_FILTER),
    ("GET", "/api/analytics/rfm/customers"): Row("one by one", 422, BAD_FILTER),
    ("GET", "/api/analytics/churn"): Row("one by one", 422, BAD_FILTER),
    ("GET", "/api/analytics/sessions/{visit}"): Row("viewer", query=SITE),
    ("POST", "/api/analytics/batch"): Row(
        "report", body={"common": SITE, "queries": [{"report": "pages"}]}
    ),
    ("POST", "/api/analytics/query"): Row("viewer", body=STATS),
    ("POST", "/api/v2/query"): Row("viewer", body=STATS),
    ("GET", "/api/goals"): Row("viewer", query=SITE),
    ("POST", "/api/goals"): Row("known edit", 201, body=NEW_GOAL),
    ("GET", "/api/annotations"): Row("viewer", query=SITE),
    ("POST", "/api/annotations"): Row("known edit", 201, body=NEW_ANNOTATION),
    ("DELETE", "/api/annotations/{number}"): Row("known edit", 204, fresh=annotation),
    ("GET", "/api/segments"): Row("viewer", query=SITE),
    ("POST", "/api/segments"): Row("view login", 201, body=NEW_SEGMENT),
    ("PATCH", "/api/segments/{number}"): Row("edit login", body={}, fresh=segment),
    ("DELETE", "/api/segments/{number}"): Row("edit login", 204, fresh=segment),
    ("GET", "/api/boards"): Row("raw", query=SITE),
    ("POST", "/api/boards"): Row("view login", 201, body=NEW_BOARD),
    ("GET", "/api/boards/{number}"): Row("raw", fresh=board),
    ("GET", "/api/boards/{number}/answers"): Row("raw", fresh=board),
    ("PATCH", "/api/boards/{number}"): Row("admin login", body={}, fresh=board),
    ("DELETE", "/api/boards/{number}"): Row("admin login", 204, fresh=board),
    ("POST", "/api/boards/{number}/items"): Row("admin login", 201, body=NOTE, fresh=board),
    ("PATCH", "/api/boards/{number}/items/{item}"): Row("admin login", body={}, fresh=board),
    ("DELETE", "/api/boards/{number}/items/{item}"): Row("admin login", 204, fresh=board),
    ("DELETE", "/api/goals/{number}"): Row("known edit", 204, fresh=goal),
    # Jobs.
    ("POST", "/api/jobs"): Row("raw", 202, body={"report": "pages", "params": SITE}),
    ("GET", "/api/jobs"): Row("account"),
    ("GET", "/api/jobs/{job_id}"): Row("own job", fresh=job),
    ("GET", "/api/jobs/{job_id}/result"): Row("own job", fresh=job),
    ("DELETE", "/api/jobs/{job_id}"): Row("own job", 204, fresh=job),
    # What an account is told of.
    ("GET", "/api/notifications"): Row("login"),
    ("POST", "/api/notifications/read"): Row("login", 422, body={}),
    ("WEBSOCKET", "/api/notifications/ws"): Row("login", 101),
    # Alert rules, and background jobs.
    ("GET", "/api/sites/{key}/alerts"): Row("editor"),
    ("POST", "/api/sites/{key}/alerts"): Row("editor", 201, body=NEW_RULE),
    ("PATCH", "/api/sites/{key}/alerts/{number}"): Row("editor", body={}, fresh=rule),
    ("DELETE", "/api/sites/{key}/alerts/{number}"): Row("editor", 204, fresh=rule),
    ("GET", "/api/sites/{key}/alerts/{number}/occurrences"): Row("editor", fresh=rule),
    ("GET", "/api/sites/{key}/email-reports"): Row("editor"),
    ("POST", "/api/sites/{key}/email-reports"): Row("editor", 422, body={}),
    ("DELETE", "/api/sites/{key}/email-reports/{number}"): Row("editor", 204, fresh=subscription),
    ("GET", "/unsubscribe/{number}/{token}"): Row("nothing", fresh=subscription),
    ("POST", "/unsubscribe/{number}/{token}"): Row("nothing", fresh=subscription),
    ("GET", "/api/background-jobs"): Row("superuser"),
    ("GET", "/api/background-jobs/{name}"): Row("superuser", fresh=background_job),
    ("POST", "/api/jobs/{name}/run"): Row("superuser", 202, fresh=background_job),
    # Live numbers.
    ("GET", "/api/realtime/stats"): Row("report", query=SITE),
    ("WEBSOCKET", "/api/realtime/ws"): Row("viewer", 101, query=SITE),
    # Pages, and the service itself.
    **{("GET", page.path): Row("viewer", query=SITE) for page in PAGES},
    **{("GET", page.path): Row("own page") for page in OWN_PAGES},
    ("GET", "/invite"): Row("anybody"),
    ("GET", "/login"): Row("anybody", query={"next": "/"}),
    ("GET", "/login/{provider}/callback"): Row("anybody", 404, fresh=nobodys),
    ("GET", "/docs"): Row("nothing"),
    ("GET", "/redoc"): Row("nothing"),
    ("GET", "/openapi.json"): Row("nothing"),
    ("GET", "/script.js"): Row("nothing"),
    ("GET", "/script-more.js"): Row("nothing"),
    ("GET", "/script-vitals.js"): Row("nothing"),
    ("GET", "/static"): Row("nothing"),
    ("GET", "/api/sql/schema"): Row("account"),
    ("GET", "/api/version"): Row("nothing"),
    ("GET", "/healthz"): Row("nothing"),
    ("GET", "/readyz"): Row("nothing"),
    ("GET", "/metrics"): Row("nothing", 404),
    # The last: it ends logins.
    ("POST", "/api/auth/logout"): Row("anybody", 204),
}

REDIRECTED = {("GET", "/login"): 303}
"""The status where it is another one for those who are logged in."""


async def make_world(database: Database, send: Callable[..., Awaitable[Any]], site: Site) -> World:
    """Gives a private site an event, and everybody who may ask."""
    neighbouring = Site(key=f"{site.key}-neighbour", domain="neighbour.example", name="Neighbour")
    async with database.session() as session:
        session.add(neighbouring)
    owner, owners = await account(database, (site, Role.OWNER))
    headers = {
        "nobody": {},
        "registered": (await account(database))[1],
        **{
            role.value: (await account(database, (site, role)))[1]
            for role in (Role.VIEWER, Role.EDITOR, Role.ADMIN)
        },
        "owner": owners,
        "superuser": (await account(database, is_superuser=True))[1],
        "neighbour": (await account(database, (neighbouring, Role.OWNER)))[1],
        **{f"key_{name}": await key_of(database, owner, scope) for name, scope in SCOPES.items()},
        "key_expired": await key_of(database, owner, Scope.ADMIN, is_expired=True),
        "login_ended": (await account(database, (site, Role.OWNER), is_ended=True))[1],
        "share": bearer((await create_share(database, link_to(site)))[1]),
    }
    assert headers.keys() == set(CALLERS)
    await send({"page": "/"})
    ((event, visit),) = await change(
        database, "select id, visit_id from event where site_id = %s", site.id
    )
    return World(database, site, owner, headers, event, visit)


SAMPLE = ("nobody", "superuser", "key_expired", "share")
"""Who asks routes that do not look who asks."""

SCOPES = {"read": Scope.READ, "write": Scope.WRITE, "admin": Scope.ADMIN}


def bearer(token: str) -> dict[str, str]:
    """The header with a token."""
    return {"Authorization": f"Bearer {token}"}


async def account(
    database: Database,
    role: tuple[Site, Role] | None = None,
    is_superuser: bool = False,
    is_ended: bool = False,
) -> tuple[User, dict[str, str]]:
    """A new account with a role on a site, and the header of a login."""
    name = uuid4().hex
    user = User(
        username=name,
        email=f"{name}@test.example",
        password_hash=None,
        is_superuser=is_superuser,
    )
    async with database.session() as session:
        session.add(user)
        await session.flush()
        login, _ = await begin(session, user, Device("203.0.113.7", ""), days=1)
        if role:
            session.add(Membership(user_id=user.number, site_id=role[0].number, role=role[1]))
        if is_ended:
            login.revoked_at = utc_now()
    expires = utc_now() + timedelta(hours=1)
    return user, bearer(Tokens([SECRET]).issue(Purpose.ACCESS, login.claims, expires))


async def key_of(
    database: Database, owner: User, scope: Scope, is_expired: bool = False
) -> dict[str, str]:
    """The header of a new API key."""
    found, secret = await create_key(database, owner, NewKey("x", [scope], days=1))
    if is_expired:
        past = "update api_key set expires_at = now() - interval '1 minute' where id = %s"
        await change(database, past, found.key.number)
    return bearer(secret)
